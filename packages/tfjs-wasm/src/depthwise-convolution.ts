import * as tf from '@tensorflow/tfjs'

import { type Geometry, geometry2d, validOutputs } from './geometry.ts'
import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'

type Shape4 = [number, number, number, number]

interface DepthwiseAttrs {
  strides: number | [number, number]
  dilations: number | [number, number]
  pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4]
  dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

/**
 * Differentiates depthwise convolution by its filter; the backend has no such kernel.
 *
 * dW[tap, c, m] = Σ x[position at the tap, c] · dy[position, c, m] over all output positions. Without a sum over
 * channels there is no matrix product in it: these are plain loops over the channels of a position.
 */
export const depthwiseBackpropFilter: Kernel = kernel<
  { x: tf.TensorInfo; dy: tf.TensorInfo },
  DepthwiseAttrs & { filterShape: Shape4 }
>('DepthwiseConv2dNativeBackpropFilter', (heap, { x, dy }, attrs) => {
  const { filterShape } = attrs
  const geometry = depthwiseGeometry(x.shape as Shape4, filterShape, attrs)
  const out = heap.make(filterShape)
  const [dw, values, gradient] = [heap.float32(out), heap.float32(x), heap.float32(dy)]
  const channels = geometry.inChannels
  const multiplier = filterShape[3]
  dw.fill(0)
  forEachMeeting(geometry, (tap, input, output) => {
    const w = tap * channels * multiplier
    let [c, g] = [input * channels, output * channels * multiplier]
    const end = w + channels * multiplier
    if (multiplier === 1) for (let i = w; i < end; i++) dw[i]! += values[c++]! * gradient[g++]!
    else
      for (let i = w; i < end; c++) {
        const value = values[c]!
        for (let m = 0; m < multiplier; m++) dw[i++]! += value * gradient[g++]!
      }
  })
  return out
})

/**
 * Differentiates depthwise convolution by its input; the backend has no such kernel.
 *
 * dx[position at a tap, c] = Σ W[tap, c, m] · dy[position, c, m]. At stride 1 and with one output a channel that is a
 * depthwise convolution of dy with the filter turned around; else plain loops.
 */
export const depthwiseBackpropInput: Kernel = kernel<
  { dy: tf.TensorInfo; filter: tf.TensorInfo },
  DepthwiseAttrs & { inputShape: Shape4 }
>('DepthwiseConv2dNativeBackpropInput', (heap, { dy, filter }, attrs) => {
  const { inputShape } = attrs
  const geometry = depthwiseGeometry(inputShape, filter.shape as Shape4, attrs)
  const multiplier = filter.shape[3]!
  const turned = multiplier === 1 ? turnedConvolution(heap, dy, filter, geometry) : undefined
  if (turned) return turned
  const out = heap.make(inputShape)
  const [dx, weights, gradient] = [heap.float32(out), heap.float32(filter), heap.float32(dy)]
  const channels = geometry.inChannels
  dx.fill(0)
  forEachMeeting(geometry, (tap, input, output) => {
    let [w, g] = [tap * channels * multiplier, output * channels * multiplier]
    const start = input * channels
    for (let i = start; i < start + channels; i++)
      for (let m = 0; m < multiplier; m++) dx[i]! += weights[w++]! * gradient[g++]!
  })
  return out
})

function depthwiseGeometry(input: Shape4, filter: Shape4, attrs: DepthwiseAttrs): Geometry {
  const { strides, dilations, pad, dimRoundingMode } = attrs
  const info = tf.backend_util.computeConv2DInfo(
    input,
    filter,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    true,
  )
  return geometry2d(info)
}

/** Calls with every filter tap, and every input and output position that meet there; positions count pixels. */
function forEachMeeting(
  geometry: Geometry,
  meet: (tap: number, input: number, output: number) => void,
): void {
  const { batch, input, output, filter, stride, dilation, pad } = geometry
  for (let n = 0; n < batch; n++)
    for (let tapH = 0; tapH < filter[1]; tapH++) {
      const [fromH, toH] = validOutputs(geometry, 1, tapH)
      for (let h = fromH; h < toH; h++) {
        const inputLine = (n * input[1] + h * stride[1] + tapH * dilation[1] - pad[1]) * input[2]
        const outputLine = (n * output[1] + h) * output[2]
        for (let tapW = 0; tapW < filter[2]; tapW++) {
          const tap = tapH * filter[2] + tapW
          const [from, to] = validOutputs(geometry, 2, tapW)
          const shift = tapW * dilation[2] - pad[2]
          for (let w = from; w < to; w++) meet(tap, inputLine + w * stride[2] + shift, outputLine + w)
        }
      }
    }
}

function turnedConvolution(
  heap: Heap,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  { filter: size, input, output, stride, dilation, pad, inChannels }: Geometry,
): tf.TensorInfo | undefined {
  if (stride[1] !== 1 || stride[2] !== 1) return undefined
  const before = ([1, 2] as const).map((axis) => (size[axis] - 1) * dilation[axis] - pad[axis])
  // With so much padding on the other side, the output has the size of the input.
  const after = ([1, 2] as const).map((axis) => input[axis] - output[axis] + pad[axis])
  if ([...before, ...after].some((padding) => padding < 0) || tf.util.sizeFromShape(dy.shape) === 0)
    return undefined
  const turned = heap.make(filter.shape)
  const [to, from] = [heap.float32(turned), heap.float32(filter)]
  for (let start = 0; start < from.length; start += inChannels)
    to.set(from.subarray(start, start + inChannels), from.length - inChannels - start)
  const dx = heap.run(
    'DepthwiseConv2dNative',
    { x: dy, filter: turned },
    {
      strides: [1, 1],
      dilations: [dilation[1], dilation[2]],
      pad: [
        [0, 0],
        [before[0]!, after[0]!],
        [before[1]!, after[1]!],
        [0, 0],
      ],
    },
  )
  heap.dispose(turned)
  return dx
}
