import * as tf from '@tensorflow/tfjs'

/**
 * Sums over the copies of one axis after the other, in tensors of three dimensions: what is before the axis, copies,
 * and positions with all that is behind. WebGPU ends at six dimensions. The core cuts out every copy and adds them one
 * at a time, thousands of kernels for a layer normalisation, and stops at four.
 */
export const tile: tf.GradConfig = {
  kernelName: 'Tile',
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => {
    const [x] = saved as [tf.Tensor]
    const { reps } = attrs as { reps: number[] }
    return {
      x: () => {
        const { shape } = dy as tf.Tensor
        let sum = dy as tf.Tensor
        let before = 1
        for (const [axis, size] of x.shape.entries()) {
          const behind = tf.util.sizeFromShape([size, ...shape.slice(axis + 1)])
          if (reps[axis] !== 1) sum = tf.sum(tf.reshape(sum, [before, reps[axis]!, behind]), 1)
          before *= size
        }
        return tf.reshape(sum, x.shape)
      },
    }
  },
}
