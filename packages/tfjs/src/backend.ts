import * as tf from '@tensorflow/tfjs'
import { registerTrainingKernels } from '@trainyard/tfjs-wasm'

export type BackendName = 'auto' | 'wasm' | 'cpu'

const names: readonly BackendName[] = ['auto', 'wasm', 'cpu']

/**
 * Chooses what computes: `wasm` (SIMD; the package `@tensorflow/tfjs-backend-wasm`), `cpu` (plain JavaScript, 10 to 150 times slower), or `auto`, the
 * best of them that is there. Gives the name of the one taken.
 * @throws on an unknown name, or if the backend cannot be loaded, with what to install.
 */
export async function useBackend(name: BackendName = 'auto'): Promise<'wasm' | 'cpu'> {
  if (!names.includes(name))
    throw new Error(`[tfjs] \`useBackend\` knows ${names.join(', ')}, not ${String(name)}`)
  if (name !== 'cpu') {
    try {
      await registerTrainingKernels()
      await start('wasm')
      return 'wasm'
    } catch (cause) {
      const why = `the wasm backend cannot be used: ${(cause as Error).message}`
      const missing = (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND'
      const cure = missing ? `; install it: npm install @tensorflow/tfjs-backend-wasm@${tf.version_core}` : ''
      if (name === 'wasm') throw new Error(`[tfjs] ${why}${cure}`, { cause })
      console.warn(`[tfjs] computing on the slow cpu backend, for ${why}${cure}`)
    }
  }
  await start('cpu')
  // At its first use the backend advertises a native one on the console.
  ;(tf.backend() as { firstUse?: boolean }).firstUse = false
  return 'cpu'
}

async function start(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend)))
    throw new Error(`TensorFlow.js could not start the backend "${backend}"`)
  await tf.ready()
}

/** Whether the backend in use can be read synchronously at no cost. */
export function readsSynchronously(): boolean {
  return ['cpu', 'wasm', 'tensorflow'].includes(tf.getBackend())
}
