import * as tf from '@tensorflow/tfjs'

import { filterGradient } from './filter-gradient.ts'
import { geometry2d, geometry3d } from './geometry.ts'
import { inputGradient, turnedConvolution } from './input-gradient.ts'
import { kernel, type Kernel } from './kernel.ts'

type Pad = Parameters<typeof tf.backend_util.computeConv2DInfo>[4]
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
  needChannelsLast('Conv2DBackpropFilter', attrs.dataFormat)
  const { filterShape, strides, pad, dimRoundingMode } = attrs
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as Shape4,
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  )
  return filterGradient(heap, x, dy, geometry2d(info), filterShape)
})

/** Differentiates conv2d by its input; the stock kernel does it in scalar loops. */
export const conv2dBackpropInput: Kernel = kernel<
  { dy: tf.TensorInfo; filter: tf.TensorInfo },
  Conv2DAttrs & { inputShape: Shape4 }
>('Conv2DBackpropInput', (heap, { dy, filter }, attrs, stock) => {
  if (attrs.dataFormat === 'NCHW') return stock()
  const { inputShape, strides, pad, dimRoundingMode } = attrs
  const filterShape = filter.shape as Shape4
  const info = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode)
  const geometry = geometry2d(info)
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

function needChannelsLast(name: string, format: string | undefined): void {
  if (format === 'NCHW')
    throw new Error(`[tfjs-wasm] ${name} takes channels last (dataFormat NHWC) on the WASM backend, not NCHW`)
}
