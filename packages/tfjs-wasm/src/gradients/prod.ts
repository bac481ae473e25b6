import * as tf from '@tensorflow/tfjs'

/** Wraps the gradient of prod, which takes a negative axis for a position. */
export function prod(existing: tf.GradConfig): tf.GradConfig {
  return {
    ...existing,
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved as [tf.Tensor]
      const axis = tf.util.parseAxisParam(attrs['axis'] as unknown as number[], x.shape)
      return existing.gradFunc(dy, saved, { ...attrs, axis })
    },
  }
}
