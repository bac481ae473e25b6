// Starts a backend as a program would, `node node-program.mjs <backend>`, and checks it. Its last line is the
// result, in JSON.
import * as tf from '@tensorflow/tfjs'
import { useBackend } from '@trainyard/tfjs'
import { check } from './check.mjs'
import { exceptions } from './exceptions.mjs'

const backend = process.argv[2]
await useBackend(backend, console.error)
const result = await check(tf.getBackend(), exceptions[backend], console.error)
console.log(JSON.stringify(result))
