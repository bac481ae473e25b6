import * as tf from '@tensorflow/tfjs'

/**
 * Wraps the gradient of batch normalization with a cheaper one for the usual case, a mean and a variance for each
 * channel. With r = 1 / √(variance + ε), all of dx, dmean, dvariance, dscale and doffset come from dy, Σ dy and
 * Σ dy · (x - mean); the core goes over all values for each of them, and tiles r to the size of x.
 */
export function batchNorm(existing: tf.GradConfig): tf.GradConfig {
  return {
    ...existing,
    gradFunc: (dy, saved, attrs) => {
      const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined]
      const gradient = dy as tf.Tensor
      if (mean.rank !== 1) return existing.gradFunc(dy, saved, attrs)
      const { varianceEpsilon } = attrs as { varianceEpsilon: number }
      const axes = x.shape.slice(0, -1).map((_, axis) => axis)
      const r = tf.rsqrt(tf.add(variance, varianceEpsilon))
      const factor = scale ? tf.mul(r, scale) : r
      const total = tf.sum(gradient, axes)
      const products = tf.sum(tf.mul(gradient, tf.sub(x, mean)), axes)
      return {
        x: () => tf.mul(gradient, factor),
        mean: () => tf.neg(tf.mul(total, factor)),
        variance: () => tf.mul(tf.mul(products, factor), tf.mul(tf.square(r), -0.5)),
        scale: () => tf.mul(products, r),
        offset: () => tf.clone(total),
      }
    },
  }
}
