import * as tf from '@tensorflow/tfjs'

/** Differentiates the gradient of elu, which is dy for positive results y and dy · (y + 1) for others; the core cannot. */
export const eluGrad: tf.GradConfig = {
  kernelName: 'EluGrad',
  inputsToSave: ['dy', 'y'],
  gradFunc: (ddx, saved) => {
    const [dy, y] = saved as [tf.Tensor, tf.Tensor]
    const gradient = ddx as tf.Tensor
    return {
      dy: () => tf.engine().runKernel('EluGrad', { dy: gradient, y }),
      y: () => tf.where(tf.greater(y, 0), tf.zerosLike(y), tf.mul(gradient, dy)),
    }
  },
}
