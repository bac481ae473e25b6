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
  const geometry = depthwiseGeometry(x.shape as Shape4, filterShape, dy, attrs)
  const out = heap.make(filterShape)
  const dw = heap.float32(out)
  const values = heap.float32(x)
  const gradient = heap.float32(dy)
  const channels = geometry.inChannels
  const multiplier = filterShape[3]
  const [dwStart, xStart, dyStart] = [heap.address(out), heap.address(x), heap.address(dy)]
  dw.fill(0)
  const step = geometry.stride[2] * channels
  forEachLine(geometry, (tap, input, output, length) => {
    const w = tap * channels * multiplier
    if (multiplier === 1) {
      const [sums, first, second] = [
        dwStart + 4 * w,
        xStart + 4 * input * channels,
        dyStart + 4 * output * channels,
      ]
      return heap.loops.addProducts(sums, first, second, length, channels, 4 * step)
    }
    for (let c = 0; c < channels; c++)
      for (let m = 0; m < multiplier; m++) {
        let sum = 0
        let b = (output * channels + c) * multiplier + m
        for (let i = 0, a = input * channels + c; i < length; i++, a += step, b += channels * multiplier)
          sum += values[a]! * gradient[b]!
        dw[w + c * multiplier + m]! += sum
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
  const geometry = depthwiseGeometry(inputShape, filter.shape as Shape4, dy, attrs)
  const multiplier = filter.shape[3]!
  const turned = multiplier === 1 ? turnedConvolution(heap, dy, filter, geometry) : undefined
  if (turned) return turned
  const out = heap.make(inputShape)
  const [dx, weights, gradient] = [heap.float32(out), heap.float32(filter), heap.float32(dy)]
  const channels = geometry.inChannels
  dx.fill(0)
  const step = geometry.stride[2] * channels
  forEachLine(geometry, (tap, input, output, length) => {
    const w = tap * channels * multiplier
    for (let c = 0; c < channels; c++)
      for (let m = 0; m < multiplier; m++) {
        const weight = weights[w + c * multiplier + m]!
        let g = (output * channels + c) * multiplier + m
        for (let i = 0, at = input * channels + c; i < length; i++, at += step, g += channels * multiplier)
          dx[at]! += weight * gradient[g]!
      }
  })
  return out
})

function depthwiseGeometry(
  input: Shape4,
  filter: Shape4,
  dy: tf.TensorInfo,
  attrs: DepthwiseAttrs,
): Geometry {
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
  return geometry2d(info, dy.shape)
}

/**
 * Calls for every filter tap and line of the output: with the tap, the first input and output positions that meet
 * there, counted in pixels, and how many follow.
 */
function forEachLine(
  geometry: Geometry,
  meet: (tap: number, input: number, output: number, length: number) => void,
): void {
  const { batch, input, output, filter, stride, dilation, pad } = geometry
  for (let n = 0; n < batch; n++)
    for (let tapH = 0; tapH < filter[1]; tapH++) {
      const [fromH, toH] = validOutputs(geometry, 1, tapH)
      for (let h = fromH; h < toH; h++) {
        const inputLine = (n * input[1] + h * stride[1] + tapH * dilation[1] - pad[1]) * input[2]
        const outputLine = (n * output[1] + h) * output[2]
        for (let tapW = 0; tapW < filter[2]; tapW++) {
          const [from, to] = validOutputs(geometry, 2, tapW)
          const first = from * stride[2] + tapW * dilation[2] - pad[2]
          if (to > from) meet(tapH * filter[2] + tapW, inputLine + first, outputLine + from, to - from)
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
