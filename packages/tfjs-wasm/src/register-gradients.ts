import * as tf from '@tensorflow/tfjs'

import { batchNorm } from './gradients/batch-norm.ts'
import { maximum, minimum, squaredDifference, unbroadcasted } from './gradients/broadcasting.ts'
import { comparisons } from './gradients/comparisons.ts'
import { conv2dBackpropFilter } from './gradients/conv2d-filter.ts'
import { conv3dTranspose } from './gradients/conv3d-transpose.ts'
import { cropAndResize } from './gradients/crop-and-resize.ts'
import { cumsum } from './gradients/cumsum.ts'
import { repairCustomGradients } from './gradients/custom.ts'
import { dilatedConv2d, dilatedDepthwise } from './gradients/dilated-convolution.ts'
import { einsum } from './gradients/einsum.ts'
import { eluGrad } from './gradients/elu.ts'
import { max, min } from './gradients/extrema.ts'
import { floorDiv } from './gradients/floor-div.ts'
import { divInDivNoNan, sqrtInNorm } from './gradients/inside.ts'
import { mirrorPad } from './gradients/mirror-pad.ts'
import { multiply } from './gradients/multiply.ts'
import { inOneKernel } from './gradients/one-kernel.ts'
import { pickingGradients } from './gradients/picking.ts'
import { splitV, unpack } from './gradients/pieces.ts'
import { prod } from './gradients/prod.ts'
import { reduction } from './gradients/reductions.ts'
import { tile } from './gradients/tile.ts'
import { repairTape } from './tape.ts'
import { checkVersions } from './version.ts'

let registered = false

/**
 * Replaces gradients of the core that are wrong or slow and adds some that are absent, for every backend.
 * `registerTrainingKernels` does it, too. A second call does nothing.
 * @throws if TensorFlow.js is another version than the pinned one.
 */
export function registerGradients(): void {
  if (registered) return
  checkVersions(tf.version_core)
  registered = true
  repairTape()
  repairCustomGradients()
  const gradients = [
    maximum,
    minimum,
    squaredDifference,
    ...comparisons,
    cumsum,
    einsum,
    tile,
    multiply,
    conv3dTranspose,
    floorDiv,
    max,
    min,
    mirrorPad,
    unpack,
    splitV,
    sqrtInNorm,
    divInDivNoNan,
    eluGrad,
    ...pickingGradients,
    cropAndResize,
    conv2dBackpropFilter,
  ]
  const wrapped = [
    batchNorm(existing('FusedBatchNorm')),
    dilatedConv2d(existing('Conv2D')),
    dilatedDepthwise(existing('DepthwiseConv2dNative')),
    ...['BatchMatMul', 'Prelu'].map((name) => unbroadcasted(existing(name))),
    prod(existing('Prod')),
    ...['Relu', 'Tanh', 'Sigmoid', 'Square', 'ClipByValue'].map((name) => inOneKernel(existing(name))),
    ...['Sum', 'Mean'].map((name) => reduction(existing(name))),
  ]
  for (const gradient of [...gradients, ...wrapped]) {
    if (tf.getGradient(gradient.kernelName)) tf.unregisterGradient(gradient.kernelName)
    tf.registerGradient(gradient)
  }
}

function existing(name: string): tf.GradConfig {
  const gradient = tf.getGradient(name) as tf.GradConfig | undefined
  if (!gradient)
    throw new Error(
      `[tfjs-wasm] TensorFlow.js has no gradient of ${name}: import @tensorflow/tfjs, which registers them, and not ` +
        '@tensorflow/tfjs-core alone',
    )
  return gradient
}
