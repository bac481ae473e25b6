import * as tf from '@tensorflow/tfjs'

/**
 * Differentiates the transposed convolution in three dimensions, which the core cannot. It is linear in both operands
 * and the transpose of conv3d: its gradient by the values is conv3d of dy, and that by the filter is the filter
 * gradient of conv3d with dy for the input.
 */
export const conv3dTranspose: tf.GradConfig = {
  kernelName: 'Conv3DBackpropInputV2',
  inputsToSave: ['dy', 'filter'],
  gradFunc: (dy, saved, attrs) => {
    const [values, filter] = saved as [tf.Tensor5D, tf.Tensor5D]
    const { strides, pad } = attrs as unknown as {
      strides: number | [number, number, number]
      pad: 'same' | 'valid'
    }
    const gradient = dy as tf.Tensor5D
    return {
      dy: () => tf.conv3d(gradient, filter, strides, pad),
      filter: () =>
        tf.engine().runKernel('Conv3DBackpropFilterV2', { x: gradient, dy: values }, {
          strides,
          pad,
          filterShape: filter.shape,
        } as unknown as tf.NamedAttrMap),
    }
  },
}
