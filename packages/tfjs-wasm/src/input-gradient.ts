import * as tf from '@tensorflow/tfjs'

import { type Geometry, imagesAtATime, isPointwise, validTaps, volume } from './geometry.ts'
import type { Heap } from './heap.ts'
import { multiply } from './multiply.ts'

type Shape4 = [number, number, number, number]

/**
 * Differentiates a convolution in two dimensions at stride 1 by its input, as a convolution of dy with the filter
 * turned around; gives undefined where it is none.
 */
export function turnedConvolution(
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

/**
 * Differentiates a convolution by its input: dx[position at a tap, c] = Σ W[tap, c, k] · dy[position, k]. A matrix product
 * gives what every output position sends to every tap ("col2im"), which is then added up.
 */
export function inputGradient(
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
  if (isPointwise(geometry)) {
    const size = { rows: batch * positions, inner: outChannels, columns: taps, transposeB: true }
    multiply(heap, dy, filter, out, size)
    return out
  }
  const images = imagesAtATime(batch, taps * positions)
  const columns = heap.make([images * positions, taps])
  heap.float32(out).fill(0)
  for (let image = 0; image < batch; image += images) {
    const count = Math.min(images, batch - image)
    const size = { rows: count * positions, inner: outChannels, columns: taps, transposeB: true }
    multiply(heap, dy, filter, columns, size, [[image * positions * outChannels, 0, 0]])
    addColumns(heap, out, columns, geometry, image, count)
  }
  heap.dispose(columns)
  return out
}

/** Adds what each output position of `count` images sends to its taps to where the taps are; without dilation. */
function addColumns(
  heap: Heap,
  dx: tf.TensorInfo,
  columns: tf.TensorInfo,
  geometry: Geometry,
  image: number,
  count: number,
): void {
  const { inChannels, input, output, filter, stride, pad } = geometry
  const [depth, height, width] = input
  const tapRow = filter[2] * inChannels
  const taps = volume(filter) * inChannels
  const [to, from] = [heap.address(dx), heap.address(columns)]
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
              const plane = n * depth + d * stride[0] + tapD - pad[0]
              const line = (plane * height + h * stride[1] + tapH - pad[1]) * width
              const target = (line + w * stride[2] + fromW - pad[2]) * inChannels
              const source = position * taps + (tapD * filter[1] + tapH) * tapRow + fromW * inChannels
              // Neighbouring taps and their channels are neighbours on both sides.
              heap.loops.accumulate(to + 4 * target, from + 4 * source, (toW - fromW) * inChannels, 1)
            }
        }
      }
    }
}
