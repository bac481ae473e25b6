import * as tf from '@tensorflow/tfjs'

// Where several values are the largest, each gets an equal share of dy, as in TensorFlow. The core gives all of dy to
// each of them.

export const max: tf.GradConfig = shared('Max', 'reductionIndices')
export const min: tf.GradConfig = shared('Min', 'axis')

function shared(kernelName: string, axisName: string): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, saved, attrs) => {
      const [x, y] = saved as [tf.Tensor, tf.Tensor]
      const axes = tf.util.parseAxisParam(attrs[axisName] as unknown as number[], x.shape)
      const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
      return {
        x: () => {
          const isExtreme = tf.cast(tf.equal(x, tf.reshape(y, kept)), 'float32')
          const share = tf.div(tf.reshape(dy as tf.Tensor, kept), tf.sum(isExtreme, axes, true))
          return tf.mul(isExtreme, share)
        },
      }
    },
  }
}
