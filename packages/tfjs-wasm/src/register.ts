import * as tf from '@tensorflow/tfjs'

import { activationGradients, clipByValueGradient, exp, tanh } from './activations.ts'
import { alongAnAxis } from './axes.ts'
import { avgPool3dGrad, avgPoolGrad } from './average-pooling.ts'
import { fusedBatchNorm } from './batch-norm.ts'
import { bincount } from './bincount.ts'
import { cast, oneHot } from './cast.ts'
import { complex, complexAbs, imag, real } from './complex.ts'
import {
  conv2dBackpropFilter,
  conv2dBackpropInput,
  conv3dBackpropFilter,
  conv3dBackpropInput,
} from './convolution.ts'
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-convolution.ts'
import { dilation2d, dilation2dBackpropFilter, dilation2dBackpropInput } from './dilation.ts'
import { floorDiv, mod } from './division.ts'
import { einsum } from './einsum.ts'
import { fft, ifft } from './fourier.ts'
import { heapOf } from './heap.ts'
import { rotateWithOffset, transform } from './image-transforms.ts'
import { type Kernel, register } from './kernel.ts'
import { withoutListeners } from './listeners.ts'
import { batchMatMul, fusedMatMul } from './matmul.ts'
import { clipByValue, relu, relu6 } from './not-a-number.ts'
import { adamStep, sgdStep } from './optimizer-steps.ts'
import { maxPool3d, maxPool3dGrad, maxPoolGrad, maxPoolWithArgmax } from './max-pooling.ts'
import { paddedWindows } from './padding.ts'
import { prelu } from './prelu.ts'
import { mean, sum } from './reductions.ts'
import { reductionsOfNothing } from './reductions-of-nothing.ts'
import { concat, pack, splitV, unpack } from './pieces.ts'
import { registerGradients } from './register-gradients.ts'
import { resizeBilinearGrad, resizeNearestNeighborGrad } from './resize.ts'
import { spread } from './spread.ts'
import { unsortedSegmentSum } from './segment-sum.ts'
import { gather, identity, tile, transpose } from './shapes.ts'
import { forOtherTypes } from './types.ts'
import { checkVersions } from './version.ts'

const kernels: readonly Kernel[] = [
  batchMatMul,
  fusedMatMul,
  einsum,
  conv2dBackpropFilter,
  conv2dBackpropInput,
  conv3dBackpropFilter,
  conv3dBackpropInput,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  avgPoolGrad,
  avgPool3dGrad,
  fusedBatchNorm,
  maxPoolGrad,
  maxPoolWithArgmax,
  maxPool3d,
  maxPool3dGrad,
  unsortedSegmentSum,
  sum,
  mean,
  transpose,
  tile,
  gather,
  clipByValue,
  relu,
  relu6,
  ...paddedWindows,
  dilation2d,
  dilation2dBackpropInput,
  dilation2dBackpropFilter,
  resizeBilinearGrad,
  resizeNearestNeighborGrad,
  transform,
  rotateWithOffset,
  bincount,
  ...reductionsOfNothing,
  ...alongAnAxis,
  prelu,
  cast,
  oneHot,
  floorDiv,
  mod,
  identity,
  complex,
  real,
  imag,
  complexAbs,
  fft,
  ifft,
  adamStep,
  sgdStep,
  exp,
  tanh,
  ...activationGradients,
  clipByValueGradient,
  spread,
  concat,
  pack,
  splitV,
  unpack,
]

let registered: Promise<void> | undefined

/**
 * Adds the missing kernels to the WASM backend and replaces its wrong and slow ones. Starts the backend if
 * it is not running, without making it the current one. A second call does nothing.
 * @throws if TensorFlow.js or its backend is another version than the pinned one, or if the backend cannot start.
 */
export function registerTrainingKernels(): Promise<void> {
  registered ??= registerAll().catch((error: unknown) => {
    registered = undefined
    throw error
  })
  return registered
}

async function registerAll(): Promise<void> {
  const { version_wasm } = await import('@tensorflow/tfjs-backend-wasm')
  checkVersions(tf.version_core, version_wasm)
  heapOf(await startedBackend())
  for (const kernel of [...kernels, ...forOtherTypes]) register(kernel)
  registerGradients()
}

/** Gives the backend, running. */
async function startedBackend(): Promise<tf.KernelBackend> {
  const current = tf.getBackend() as string | undefined
  if (current !== 'wasm') {
    const started = await withoutListeners(() => tf.setBackend('wasm'))
    if (!started) throw new Error('[tfjs-wasm] the WASM backend of TensorFlow.js could not be started')
    if (current) await tf.setBackend(current)
  }
  return tf.engine().findBackend('wasm')
}
