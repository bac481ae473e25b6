import * as tf from '@tensorflow/tfjs'

import { gradientInside } from '../tape.ts'
import { unbroadcast } from './broadcasting.ts'

// Kernels inside of an operation that does not have their poles. What dy is there does not matter, as it is multiplied
// by 0 in the end; but infinity times 0 is not 0.

/** The root of a euclidean norm, which has the subgradient 0 at 0. */
export const sqrtInNorm: tf.GradConfig = {
  kernelName: gradientInside('Sqrt'),
  inputsToSave: ['x'],
  gradFunc: (dy, saved) => {
    const [x] = saved as [tf.Tensor]
    return { x: () => tf.divNoNan(dy as tf.Tensor, tf.mul(tf.sqrt(x), 2)) }
  },
}

/** The quotient of divNoNan, which is not taken where the divisor is 0. */
export const divInDivNoNan: tf.GradConfig = {
  kernelName: gradientInside('RealDiv'),
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, saved) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor]
    const gradient = dy as tf.Tensor
    return {
      a: () => unbroadcast(tf.divNoNan(gradient, b), a.shape),
      b: () => unbroadcast(tf.neg(tf.divNoNan(tf.mul(gradient, a), tf.square(b))), b.shape),
    }
  },
}
