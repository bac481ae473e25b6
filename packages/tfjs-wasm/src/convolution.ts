import * as tf from '@tensorflow/tfjs'

import { channelsFirst, channelsLast, type Pad, padChannelsLast } from './channels.ts'
import { filterGradient } from './filter-gradient.ts'
import { geometry2d, geometry3d } from './geometry.ts'
import { inputGradient, turnedConvolution } from './input-gradient.ts'
import { kernel, type Kernel } from './kernel.ts'

type Rounding = 'floor' | 'round' | 'ceil'
type Shape4 = [number, number, number, number]
type Shape5 = [number, number, number, number, number]

interface Conv2DAttrs {
  strides: number | [number, number]
  pad: Pad
  dimRoundingMode?: Rounding
  dataFormat?: 'NHWC' | 'NCHW'
}

/** Differentiates conv2d by its filter; the backend has no such kernel. */
export const conv2dBackpropFilter: Kernel = kernel<
  { x: tf.TensorInfo; dy: tf.TensorInfo },
  Conv2DAttrs & { filterShape: Shape4 }
>('Conv2DBackpropFilter', (heap, { x, dy }, attrs) => {
  const { filterShape, strides, pad, dimRoundingMode, dataFormat } = attrs
  if (dataFormat === 'NCHW') {
    const [image, gradient] = [channelsLast(heap, x), channelsLast(heap, dy)]
    const changed = { ...attrs, pad: padChannelsLast(pad), dataFormat: 'NHWC' }
    const out = heap.run('Conv2DBackpropFilter', { x: image, dy: gradient }, changed)
    heap.dispose(image, gradient)
    return out
  }
  const shape = x.shape as Shape4
  const info = tf.backend_util.computeConv2DInfo(shape, filterShape, strides, 1, pad, dimRoundingMode)
  return filterGradient(heap, x, dy, geometry2d(info, dy.shape), filterShape)
})

/** Differentiates conv2d by its input; the stock kernel does it in scalar loops. */
export const conv2dBackpropInput: Kernel = kernel<
  { dy: tf.TensorInfo; filter: tf.TensorInfo },
  Conv2DAttrs & { inputShape: Shape4 }
>('Conv2DBackpropInput', (heap, { dy, filter }, attrs) => {
  const { inputShape, strides, pad, dimRoundingMode, dataFormat } = attrs
  if (dataFormat === 'NCHW') {
    const [batch, channels, height, width] = inputShape
    const gradient = channelsLast(heap, dy)
    const shape: Shape4 = [batch, height, width, channels]
    const changed = { ...attrs, pad: padChannelsLast(pad), inputShape: shape, dataFormat: 'NHWC' }
    return channelsFirst(heap, heap.run('Conv2DBackpropInput', { dy: gradient, filter }, changed), gradient)
  }
  const filterShape = filter.shape as Shape4
  const info = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode)
  const geometry = geometry2d(info, dy.shape)
  return (
    turnedConvolution(heap, dy, filter, geometry, inputShape) ??
    inputGradient(heap, dy, filter, geometry, inputShape)
  )
})

interface Conv3DAttrs {
  strides: number | [number, number, number]
  pad: 'same' | 'valid'
}

/** Differentiates conv3d by its filter, as in two dimensions; the stock kernel is wrong for strides above 1. */
export const conv3dBackpropFilter: Kernel = kernel<
  { x: tf.TensorInfo; dy: tf.TensorInfo },
  Conv3DAttrs & { filterShape: Shape5 }
>('Conv3DBackpropFilterV2', (heap, { x, dy }, { filterShape, strides, pad }) => {
  const info = tf.backend_util.computeConv3DInfo(x.shape as Shape5, filterShape, strides, 1, pad)
  return filterGradient(heap, x, dy, geometry3d(info), filterShape)
})

/** Differentiates conv3d by its input, as in two dimensions; the stock kernel is wrong. */
export const conv3dBackpropInput: Kernel = kernel<
  { dy: tf.TensorInfo; filter: tf.TensorInfo },
  Conv3DAttrs & { inputShape: Shape5 }
>('Conv3DBackpropInputV2', (heap, { dy, filter }, { inputShape, strides, pad }) => {
  const info = tf.backend_util.computeConv3DInfo(inputShape, filter.shape as Shape5, strides, 1, pad)
  return inputGradient(heap, dy, filter, geometry3d(info), inputShape)
})
