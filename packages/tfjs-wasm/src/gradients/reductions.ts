import * as tf from '@tensorflow/tfjs'

import { hasGradientKernel } from './one-kernel.ts'

/**
 * Wraps the gradient of a sum or mean, which gives its part of dy to each value; the core multiplies dy by ones for it. The
 * axes have to be neighbours.
 */
export function reduction(existing: tf.GradConfig): tf.GradConfig {
  const mean = existing.kernelName === 'Mean'
  return {
    ...existing,
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved as [tf.Tensor]
      const axes = tf.util
        .parseAxisParam(attrs['axis'] as number | number[], x.shape)
        .toSorted((a, b) => a - b)
      const [first = 0, last = -1] = [axes[0], axes.at(-1)]
      if (axes.length !== last - first + 1 || !hasGradientKernel('Spread'))
        return existing.gradFunc(dy, saved, attrs)
      return {
        x: () =>
          tf.engine().runKernel('Spread', { dy: dy as tf.Tensor }, { shape: x.shape, first, last, mean }),
      }
    },
  }
}
