import * as tf from '@tensorflow/tfjs'

/**
 * Differentiates the gradient of conv2d by its filter, which the core cannot; penalties on gradients need it. It is
 * linear in the values and in dy: by the values it is the transposed convolution of dy, and by dy the convolution of
 * the values, both with what comes back for the filter.
 */
export const conv2dBackpropFilter: tf.GradConfig = {
  kernelName: 'Conv2DBackpropFilter',
  inputsToSave: ['x', 'dy'],
  gradFunc: (ddw, saved, attrs) => {
    const [x, dy] = saved as [tf.Tensor4D, tf.Tensor4D]
    const filter = ddw as tf.Tensor4D
    const { strides, pad, dataFormat, dimRoundingMode } = attrs as unknown as {
      strides: number | [number, number]
      pad: 'same' | 'valid'
      dataFormat: 'NHWC' | 'NCHW'
      dimRoundingMode?: 'floor' | 'round' | 'ceil'
    }
    return {
      x: () =>
        tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, {
          ...attrs,
          inputShape: x.shape,
        } as unknown as tf.NamedAttrMap),
      dy: () => tf.conv2d(x, filter, strides, pad, dataFormat, 1, dimRoundingMode),
    }
  },
}
