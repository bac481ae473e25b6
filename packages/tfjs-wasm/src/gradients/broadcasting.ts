import * as tf from '@tensorflow/tfjs'

/** Sums a gradient over the axes along which an operand of this shape was broadcast. */
export function unbroadcast(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape)
  return tf.reshape(axes.length > 0 ? tf.sum(gradient, axes) : gradient, shape)
}

/** Wraps a gradient that comes out in the shape of the result where an input was broadcast. */
export function unbroadcasted(existing: tf.GradConfig): tf.GradConfig {
  return {
    ...existing,
    gradFunc: (dy, saved, attrs) => {
      const gradients = existing.gradFunc(dy, saved, attrs)
      const shapes = new Map(existing.inputsToSave!.map((name, index) => [name, saved[index]!.shape]))
      const summed = (name: string, slope: tf.Tensor): tf.Tensor => {
        const shape = shapes.get(name)!
        return tf.util.arraysEqual(slope.shape, shape) ? slope : unbroadcast(slope, shape)
      }
      return Object.fromEntries(
        Object.entries(gradients).map(([name, gradient]) => [name, () => summed(name, gradient())]),
      )
    },
  }
}

/** Gives dy where the mask is true and 0 elsewhere, for an operand of this shape. */
function masked(dy: tf.Tensor, mask: tf.Tensor, shape: number[]): tf.Tensor {
  return unbroadcast(tf.mul(dy, tf.cast(mask, 'float32')), shape)
}

// The core forgets that one of the operands may have been broadcast, and its gradients come out in the shape of the
// result. Where both operands are equal, the first one gets the gradient, as in the core.

export const maximum: tf.GradConfig = {
  kernelName: 'Maximum',
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, saved) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor]
    const gradient = dy as tf.Tensor
    return {
      a: () => masked(gradient, tf.greaterEqual(a, b), a.shape),
      b: () => masked(gradient, tf.less(a, b), b.shape),
    }
  },
}

export const minimum: tf.GradConfig = {
  kernelName: 'Minimum',
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, saved) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor]
    const gradient = dy as tf.Tensor
    return {
      a: () => masked(gradient, tf.lessEqual(a, b), a.shape),
      b: () => masked(gradient, tf.greater(a, b), b.shape),
    }
  },
}

export const squaredDifference: tf.GradConfig = {
  kernelName: 'SquaredDifference',
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, saved) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor]
    const gradient = (): tf.Tensor => tf.mul(tf.mul(dy as tf.Tensor, 2), tf.sub(a, b))
    return {
      a: () => unbroadcast(gradient(), a.shape),
      b: () => unbroadcast(tf.neg(gradient()), b.shape),
    }
  },
}
