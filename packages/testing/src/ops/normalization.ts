import type { Tensor, Tensor1D } from '@tensorflow/tfjs'

import { float, type Op, opsOf, type TensorFlow } from '../op.ts'

const op = opsOf('normalization')
const positive = [0.25, 2] as const

/** Normalizes the last axis, as tf.layers.layerNormalization does. */
function layerNorm(tf: TensorFlow, x: Tensor, scale: Tensor1D, offset: Tensor1D): Tensor {
  const centered = tf.sub(x, tf.mean(x, -1, true))
  const variance = tf.mean(tf.square(centered), -1, true)
  return tf.add(tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, 1e-3))), scale), offset)
}

/** Functions that normalize. */
export const normalizationOps: readonly Op[] = [
  op(
    'batchNorm (rank 2)',
    [float([4, 5]), float([5]), float([5], positive), float([5]), float([5])],
    (tf, x, mean, variance, offset, scale) => tf.batchNorm(x, mean, variance, offset, scale, 1e-3),
  ),
  op(
    'batchNorm (rank 4)',
    [float([2, 3, 3, 5]), float([5]), float([5], positive), float([5]), float([5])],
    (tf, x, mean, variance, offset, scale) => tf.batchNorm(x, mean, variance, offset, scale, 1e-3),
  ),
  op(
    'batchNorm (mean and variance only)',
    [float([4, 5]), float([5]), float([5], positive)],
    (tf, x, mean, variance) => tf.batchNorm(x, mean, variance, undefined, undefined, 1e-3),
  ),
  op(
    'batchNorm by its own moments',
    [float([2, 3, 3, 5]), float([5]), float([5])],
    (tf, x, offset, scale) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2])
      return tf.batchNorm(x, mean as Tensor1D, variance as Tensor1D, offset, scale, 1e-3)
    },
  ),
  op('batchNorm2d', [float([4, 5]), float([5]), float([5], positive)], (tf, x, mean, variance) =>
    tf.batchNorm2d(x, mean, variance),
  ),
  op(
    'batchNorm3d',
    [float([2, 4, 5]), float([5]), float([5], positive), float([5])],
    (tf, x, mean, variance, offset) => tf.batchNorm3d(x, mean, variance, offset),
  ),
  op(
    'batchNorm4d (scale without offset)',
    [float([2, 2, 3, 5]), float([5]), float([5], positive), float([5])],
    (tf, x, mean, variance, scale) => tf.batchNorm4d(x, mean, variance, undefined, scale),
  ),
  op('layer norm', [float([4, 7]), float([7]), float([7])], layerNorm),
  op('layer norm (rank 3)', [float([2, 3, 8]), float([8]), float([8])], layerNorm),
  op('root mean square norm', [float([4, 7]), float([7])], (tf, x, scale) =>
    tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-3))), scale),
  ),
  op('localResponseNormalization', [float([1, 3, 3, 7])], (tf, x) => tf.localResponseNormalization(x)),
  op('localResponseNormalization (other parameters)', [float([2, 2, 3, 6])], (tf, x) =>
    tf.localResponseNormalization(x, 2, 1.5, 0.5, 0.75),
  ),
]
