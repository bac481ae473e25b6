/**
 * TensorFlow.js for Trainyard: modules, restorable optimizers, schedules, backends.
 *
 * ```ts
 * import * as tf from '@tensorflow/tfjs'
 * import { accuracy, adam, crossEntropy, layersModule, useBackend } from '@trainyard/tfjs'
 *
 * await useBackend('wasm')
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [784], units: 10 })] })
 * const module = layersModule({ model, loss: crossEntropy, metrics: { accuracy }, optimizer: adam({ learningRate: 1e-3 }) })
 * ```
 *
 * @module
 */
export { useBackend, type BackendName } from './backend.ts'
export { functionModule } from './function-module.ts'
export {
  type LayersBatch,
  layersModule,
  type LayersModuleOptions,
  type LayersOutputs,
  layersVariables,
} from './layers-module.ts'
export {
  type ForwardContext,
  type ParameterGroup,
  TfModule,
  type TfModuleOptions,
  type TfOutputs,
} from './tf-module.ts'
export {
  accuracy,
  binaryAccuracy,
  binaryCrossEntropy,
  crossEntropy,
  type LossFunction,
  meanAbsoluteError,
  meanSquaredError,
} from './losses.ts'
export { exportModel } from './export-model.ts'
export { keyedRandom, type RandomKey, withRandom } from './random.ts'
export type { TensorInput, TensorsOf } from './tensor-input.ts'

// Optimizers
export { Optimizer, type OptimizerOptions, type Update } from './optimizers/optimizer.ts'
export { sgd, type SgdOptions } from './optimizers/sgd.ts'
export { adam, type AdamOptions, adamW, type AdamWOptions } from './optimizers/adam.ts'
export { rmsprop, type RmspropOptions } from './optimizers/rmsprop.ts'
export { adagrad, type AdagradOptions } from './optimizers/adagrad.ts'
export { fromTfOptimizer } from './optimizers/tf-optimizer.ts'
export { type ClippingOptions, globalNorm } from './clipping.ts'
export {
  chain,
  type ChainPart,
  constant,
  cosine,
  type CosineOptions,
  linearWarmup,
  type LinearWarmupOptions,
  type Schedule,
  stepDecay,
  type StepDecayOptions,
} from './schedules.ts'
