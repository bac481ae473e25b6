import * as tf from '@tensorflow/tfjs'

import { type Geometry, geometry2d, geometry3d, validOutputs, validTaps, volume } from './geometry.ts'
import type { Heap } from './heap.ts'
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

/** At most so many bytes of columns at a time: they should still be in the cache when they are multiplied. */
const columnBytes = 4 * 1024 * 1024

/**
 * Differentiates conv2d by its filter; the backend has no such kernel.
 *
 * dW[tap, c, k] = Σ x[position at the tap, c] · dy[position, k] over all output positions. With the values of x that
 * meet a tap in a row for each tap and channel ("im2col", transposed), this is one matrix product.
 */
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

/**
 * Differentiates conv2d by its input; the stock kernel does it in scalar loops.
 *
 * dx[position at a tap, c] = Σ W[tap, c, k] · dy[position, k]. At stride 1 that is a convolution of dy with the filter
 * turned around; else a matrix product gives what every output sends to every tap, and is added up.
 */
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

function filterGradient(
  heap: Heap,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  geometry: Geometry,
  filterShape: readonly number[],
): tf.TensorInfo {
  const { batch, inChannels, outChannels } = geometry
  const out = heap.make(filterShape)
  const rows = volume(geometry.filter) * inChannels
  const positions = volume(geometry.output)
  if (batch * positions * rows * outChannels === 0) {
    heap.float32(out).fill(0)
    return out
  }
  // With the channels first, what a tap meets in a line of the output is a line of the input.
  const lines = heap.transposeMatrices(x, 1, batch * volume(geometry.input), inChannels)
  if (isPointwise(geometry)) {
    heap.multiply(lines, dy, out, { rows, inner: batch * positions, columns: outChannels })
    heap.dispose(lines)
    return out
  }
  const images = Math.min(batch, Math.max(1, Math.floor(columnBytes / (4 * rows * positions))))
  const columns = heap.make([rows, images * positions])
  const part = heap.make([rows, outChannels])
  for (let image = 0; image < batch; image += images) {
    const count = Math.min(images, batch - image)
    fillColumns(heap.float32(columns), heap.float32(lines), geometry, image, count)
    const size = { rows, inner: count * positions, columns: outChannels }
    heap.multiply(columns, dy, part, size, [[0, image * positions * outChannels, 0]])
    const [sum, add] = [heap.float32(out), heap.float32(part)]
    if (image === 0) sum.set(add)
    else for (let i = 0; i < sum.length; i++) sum[i]! += add[i]!
  }
  heap.dispose(lines, columns, part)
  return out
}

function isPointwise({ filter, stride, input, output }: Geometry): boolean {
  return volume(filter) === 1 && volume(stride) === 1 && volume(input) === volume(output)
}

/** Writes a row for each tap and channel: what the tap meets at each output position of `count` images. */
function fillColumns(
  columns: Float32Array,
  lines: Float32Array,
  geometry: Geometry,
  image: number,
  count: number,
): void {
  const { batch, inChannels, input, output, filter, stride, dilation, pad } = geometry
  const [, height, width] = input
  const [outDepth, outHeight, outWidth] = output
  const rowLength = count * volume(output)
  const imageSize = volume(input)
  const step = stride[2]
  let row = 0
  for (let tapD = 0; tapD < filter[0]; tapD++)
    for (let tapH = 0; tapH < filter[1]; tapH++)
      for (let tapW = 0; tapW < filter[2]; tapW++) {
        const [fromD, toD] = validOutputs(geometry, 0, tapD)
        const [fromH, toH] = validOutputs(geometry, 1, tapH)
        const [fromW, toW] = validOutputs(geometry, 2, tapW)
        const length = toW - fromW
        const complete = length * (toH - fromH) * (toD - fromD) === volume(output)
        for (let c = 0; c < inChannels; c++, row++) {
          const start = row * rowLength
          if (!complete) columns.fill(0, start, start + rowLength)
          if (length === 0) continue
          for (let n = 0; n < count; n++)
            for (let d = fromD; d < toD; d++) {
              const plane =
                (c * batch + image + n) * imageSize +
                (d * stride[0] + tapD * dilation[0] - pad[0]) * height * width
              for (let h = fromH; h < toH; h++) {
                let to = start + ((n * outDepth + d) * outHeight + h) * outWidth + fromW
                let from =
                  plane +
                  (h * stride[1] + tapH * dilation[1] - pad[1]) * width +
                  fromW * step +
                  tapW * dilation[2] -
                  pad[2]
                // A call costs as much as copying some 60 numbers one by one.
                if (step === 1 && length > 60) columns.set(lines.subarray(from, from + length), to)
                else for (const end = to + length; to < end; to++, from += step) columns[to] = lines[from]!
              }
            }
        }
      }
}

/** Gives the input gradient as a convolution at stride 1, or undefined where it is none. */
function turnedConvolution(
  heap: Heap,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  geometry: Geometry,
  inputShape: Shape4,
): tf.TensorInfo | undefined {
  const {
    filter: [, height, width],
    pad: [, top, left],
    inChannels,
    outChannels,
  } = geometry
  if (volume(geometry.stride) !== 1 || isPointwise(geometry)) return undefined
  // With so much padding on the other side, the output has the size of the input.
  const bottom = geometry.input[1] - geometry.output[1] + top
  const right = geometry.input[2] - geometry.output[2] + left
  const padding = [height - 1 - top, bottom, width - 1 - left, right] as const
  if (padding.some((size) => size < 0) || tf.util.sizeFromShape(dy.shape) === 0) return undefined
  const turned = heap.make([height, width, outChannels, inChannels])
  turnFilter(heap.float32(turned), heap.float32(filter), height * width, inChannels, outChannels)
  const pad = [
    [0, 0],
    padding.slice(0, 2),
    padding.slice(2),
    [0, 0],
  ] as unknown as tf.backend_util.ExplicitPadding
  const dx = heap.run(
    'Conv2D',
    { x: dy, filter: turned },
    { strides: [1, 1], pad: pad as unknown as number[][], dilations: [1, 1], dataFormat: 'NHWC' },
  )
  heap.dispose(turned)
  tf.util.assertShapesMatch(dx.shape, inputShape, '[tfjs-wasm] Conv2DBackpropInput: ')
  return dx
}

/** Turns the taps around in height and width, and swaps input and output channels. */
function turnFilter(
  to: Float32Array,
  from: Float32Array,
  taps: number,
  inChannels: number,
  outChannels: number,
): void {
  for (let tap = 0, i = 0; tap < taps; tap++)
    for (let k = 0; k < outChannels; k++) {
      let at = (taps - 1 - tap) * inChannels * outChannels + k
      for (let c = 0; c < inChannels; c++, i++, at += outChannels) to[i] = from[at]!
    }
}

function inputGradient(
  heap: Heap,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  geometry: Geometry,
  inputShape: readonly number[],
): tf.TensorInfo {
  const { batch, inChannels, outChannels } = geometry
  const out = heap.make(inputShape)
  const taps = volume(geometry.filter) * inChannels
  const positions = volume(geometry.output)
  if (batch * positions * taps * outChannels === 0) {
    heap.float32(out).fill(0)
    return out
  }
  const weights = heap.transposeMatrices(filter, 1, taps, outChannels)
  if (isPointwise(geometry)) {
    heap.multiply(dy, weights, out, { rows: batch * positions, inner: outChannels, columns: taps })
    heap.dispose(weights)
    return out
  }
  const images = Math.min(batch, Math.max(1, Math.floor(columnBytes / (4 * taps * positions))))
  const columns = heap.make([images * positions, taps])
  heap.float32(out).fill(0)
  for (let image = 0; image < batch; image += images) {
    const count = Math.min(images, batch - image)
    const size = { rows: count * positions, inner: outChannels, columns: taps }
    heap.multiply(dy, weights, columns, size, [[image * positions * outChannels, 0, 0]])
    addColumns(heap.float32(out), heap.float32(columns), geometry, image, count)
  }
  heap.dispose(weights, columns)
  return out
}

/** Adds what each output position of `count` images sends to its taps to where the taps are. */
function addColumns(
  dx: Float32Array,
  columns: Float32Array,
  geometry: Geometry,
  image: number,
  count: number,
): void {
  const { inChannels, input, output, filter, stride, dilation, pad } = geometry
  const [depth, height, width] = input
  const tapRow = filter[2] * inChannels
  const taps = volume(filter) * inChannels
  let position = 0
  for (let n = image; n < image + count; n++)
    for (let d = 0; d < output[0]; d++) {
      const [fromD, toD] = validTaps(geometry, 0, d)
      for (let h = 0; h < output[1]; h++) {
        const [fromH, toH] = validTaps(geometry, 1, h)
        for (let w = 0; w < output[2]; w++, position++) {
          const [fromW, toW] = validTaps(geometry, 2, w)
          for (let tapD = fromD; tapD < toD; tapD++)
            for (let tapH = fromH; tapH < toH; tapH++) {
              const line =
                ((n * depth + d * stride[0] + tapD * dilation[0] - pad[0]) * height +
                  h * stride[1] +
                  tapH * dilation[1] -
                  pad[1]) *
                width
              let to = (line + w * stride[2] + fromW - pad[2]) * inChannels
              let from = position * taps + (tapD * filter[1] + tapH) * tapRow + fromW * inChannels
              // Neighbouring taps and their channels are neighbours on both sides.
              for (const end = from + (toW - fromW) * inChannels; from < end; from++, to++)
                dx[to]! += columns[from]!
            }
        }
      }
    }
}
