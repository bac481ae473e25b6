/**
 * The kernels and gradients that the WASM backend of TensorFlow.js lacks or gets wrong, so that it can train.
 *
 * ```ts
 * import * as tf from '@tensorflow/tfjs'
 * import { registerTrainingKernels } from '@trainyard/tfjs-wasm'
 *
 * await registerTrainingKernels()
 * await tf.setBackend('wasm')
 * ```
 *
 * @module
 */
export { registerTrainingKernels } from './register.ts'
export { registerGradients } from './register-gradients.ts'
export { checkVersions } from './version.ts'
export { memoryOf, type TensorMemory } from './tensor-memory.ts'
