// Computes and trains on native TensorFlow, in a program with @tensorflow/tfjs-node in its node_modules.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkInNode } from './conformance/check-in-node.mjs'

const native = fileURLToPath(new URL('../.native', import.meta.url))

export const name = 'native'

export async function run(context) {
  if (!existsSync(join(native, 'node_modules/@tensorflow/tfjs-node/lib')))
    return { skipped: 'native TensorFlow is not built; `node scripts/build-native.mjs` builds it' }
  return checkInNode('node', native, context, { TF_CPP_MIN_LOG_LEVEL: '2' })
}
