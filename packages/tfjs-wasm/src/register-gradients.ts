import * as tf from '@tensorflow/tfjs'

import { batchNorm } from './gradients/batch-norm.ts'
import { maximum, minimum, squaredDifference } from './gradients/broadcasting.ts'
import { comparisons } from './gradients/comparisons.ts'
import { conv3dTranspose } from './gradients/conv3d-transpose.ts'
import { cumsum } from './gradients/cumsum.ts'
import { dilatedConv2d, dilatedDepthwise } from './gradients/dilated-convolution.ts'
import { einsum } from './gradients/einsum.ts'
import { tile } from './gradients/tile.ts'

let registered = false

/**
 * Replaces gradients of the core that are wrong or slow and adds some that are absent, for every backend.
 * `registerTrainingKernels` does it, too. A second call does nothing.
 */
export function registerGradients(): void {
  if (registered) return
  registered = true
  const gradients = [
    maximum,
    minimum,
    squaredDifference,
    ...comparisons,
    cumsum,
    einsum,
    tile,
    conv3dTranspose,
  ]
  const wrapped = [
    batchNorm(existing('FusedBatchNorm')),
    dilatedConv2d(existing('Conv2D')),
    dilatedDepthwise(existing('DepthwiseConv2dNative')),
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
