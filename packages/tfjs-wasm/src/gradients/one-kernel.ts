import * as tf from '@tensorflow/tfjs'

/**
 * Tells whether a gradient may be computed by a kernel that is not differentiable itself: if the backend has it, and nobody
 * differentiates the gradient.
 */
export function hasGradientKernel(name: string): boolean {
  return tf.engine().state.gradientDepth === 0 && Boolean(tf.getKernel(name, tf.getBackend()))
}

/** Wraps the gradient of an activation with one that is computed by a kernel, of dy and the tensor that is kept for it. */
export function inOneKernel(existing: tf.GradConfig): tf.GradConfig {
  const name = `${existing.kernelName}Gradient`
  return {
    ...existing,
    gradFunc: (dy, saved, attrs) => {
      const [value] = saved
      if (value?.dtype !== 'float32' || !hasGradientKernel(name)) return existing.gradFunc(dy, saved, attrs)
      return { x: () => tf.engine().runKernel(name, { dy: dy as tf.Tensor, value }, attrs) }
    },
  }
}
