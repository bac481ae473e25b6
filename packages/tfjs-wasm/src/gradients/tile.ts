import * as tf from '@tensorflow/tfjs'

/**
 * Sums over the copies: with each axis split into copies and positions, that is one sum. The core cuts out every copy
 * and adds them one at a time, thousands of kernels for a layer normalisation, and stops at four dimensions.
 */
export const tile: tf.GradConfig = {
  kernelName: 'Tile',
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => {
    const [x] = saved as [tf.Tensor]
    const { reps } = attrs as { reps: number[] }
    return {
      x: () => {
        const shape: number[] = []
        const copies: number[] = []
        for (const [axis, size] of x.shape.entries()) {
          if (reps[axis] !== 1) copies.push(shape.push(reps[axis]!) - 1)
          shape.push(size)
        }
        const split = tf.reshape(dy as tf.Tensor, shape)
        return tf.reshape(copies.length > 0 ? tf.sum(split, copies) : split, x.shape)
      },
    }
  },
}
