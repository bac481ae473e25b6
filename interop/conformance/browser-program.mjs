// Checks WebGPU in a browser, and tells the server of the page how it goes.
import * as tf from '@tensorflow/tfjs'
import { useBackend } from '@trainyard/tfjs'
import { check } from './check.mjs'
import { exceptions } from './exceptions.mjs'

const send = (path, body) => fetch(path, { method: 'POST', body })
const log = (line) => void send('/log', line)

try {
  await import('@tensorflow/tfjs-backend-webgpu')
  await useBackend('webgpu', log)
  const result = await check(tf.getBackend(), exceptions.webgpu, log)
  await send('/result', JSON.stringify(result))
} catch (error) {
  await send('/result', JSON.stringify({ ok: false, note: String(error.stack ?? error), problems: [] }))
}
