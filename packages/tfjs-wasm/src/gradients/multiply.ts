import * as tf from '@tensorflow/tfjs'

import { unbroadcast } from './broadcasting.ts'

/** Multiplies dy by the other factor; the core casts it first, also where it is of the same type. */
export const multiply: tf.GradConfig = {
  kernelName: 'Multiply',
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, saved) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor]
    const by = (factor: tf.Tensor, shape: number[]): tf.Tensor => {
      const product = tf.mul(
        dy as tf.Tensor,
        factor.dtype === 'float32' ? factor : tf.cast(factor, 'float32'),
      )
      return tf.util.arraysEqual(product.shape, shape) ? product : unbroadcast(product, shape)
    }
    return { a: () => by(b, a.shape), b: () => by(a, b.shape) }
  },
}
