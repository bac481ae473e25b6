import * as tf from '@tensorflow/tfjs'

/**
 * Sums dy up from the other end. The core transposes the result as if the sum had been moved to the last axis and not
 * back, which is wrong along every other axis.
 */
export const cumsum: tf.GradConfig = {
  kernelName: 'Cumsum',
  gradFunc: (dy, _, attrs) => {
    const { axis, exclusive, reverse } = attrs as unknown as Record<'exclusive' | 'reverse', boolean> & {
      axis: number
    }
    return { x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse) }
  },
}
