import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

interface TransformAttrs {
  interpolation: 'nearest' | 'bilinear'
  fillMode: FillMode
  fillValue: number
  outputShape?: [number, number]
}

type FillMode = 'constant' | 'reflect' | 'wrap' | 'nearest'

/**
 * Takes each pixel of the result from where eight numbers say, a perspective transform. The stock kernel mistakes the
 * neighbours of a position, and positions beyond the edges.
 */
export const transform: Kernel = kernel<{ image: tf.TensorInfo; transforms: tf.TensorInfo }, TransformAttrs>(
  'Transform',
  (heap, { image, transforms }, { interpolation, fillMode, fillValue, outputShape }) => {
    const [batch, height, width, channels] = image.shape as [number, number, number, number]
    const [newHeight, newWidth] = outputShape ?? [height, width]
    const out = heap.make([batch, newHeight, newWidth, channels], image.dtype)
    const [from, to, matrices] = [heap.numbers(image), heap.numbers(out), heap.float32(transforms)]
    const at = (n: number, y: number, x: number, c: number): number => {
      const isInside = y >= 0 && y < height && x >= 0 && x < width
      return isInside ? from[((n * height + y) * width + x) * channels + c]! : fillValue
    }
    to.fill(fillValue)
    let position = 0
    for (let n = 0; n < batch; n++) {
      const matrix = matrices.subarray(transforms.shape[0] === 1 ? 0 : 8 * n)
      const [a0, a1, a2, b0, b1, b2, c0, c1] = matrix as unknown as Eight
      for (let row = 0; row < newHeight; row++)
        for (let column = 0; column < newWidth; column++, position += channels) {
          const projection = c0 * column + c1 * row + 1
          if (projection === 0) continue
          const x = mapped((a0 * column + a1 * row + a2) / projection, width, fillMode)
          const y = mapped((b0 * column + b1 * row + b2) / projection, height, fillMode)
          const [left, top] = [Math.floor(x), Math.floor(y)]
          const [right, below] = [x - left, y - top]
          for (let c = 0; c < channels; c++)
            to[position + c] =
              interpolation === 'nearest'
                ? at(n, Math.round(y), Math.round(x), c)
                : (1 - below) * ((1 - right) * at(n, top, left, c) + right * at(n, top, left + 1, c)) +
                  below * ((1 - right) * at(n, top + 1, left, c) + right * at(n, top + 1, left + 1, c))
        }
    }
    return out
  },
)

type Eight = readonly [number, number, number, number, number, number, number, number]

/** Brings a coordinate beyond the edges back, as TensorFlow does. */
function mapped(coordinate: number, size: number, mode: FillMode): number {
  const last = size - 1
  if (mode === 'constant' || (coordinate >= 0 && coordinate <= last)) return coordinate
  if (mode === 'nearest' || size <= 1) return clamp(coordinate, last)
  if (mode === 'wrap') {
    const rounds = Math.trunc(Math.abs(coordinate) / last)
    return clamp(coordinate < 0 ? coordinate + size * (rounds + 1) : coordinate - size * rounds, last)
  }
  // Reflected at the edge, the picture repeats itself after twice its size.
  const period = 2 * size
  const phase = coordinate - period * Math.floor(coordinate / period)
  return clamp(phase >= size ? period - phase - 1 : phase, last)
}

function clamp(value: number, last: number): number {
  return Math.max(0, Math.min(value, last))
}

interface RotateAttrs {
  radians: number
  fillValue: number | [number, number, number]
  center: number | [number, number]
}

/** Turns images around a center; the stock kernel rounds the values that it fills corners with. */
export const rotateWithOffset: Kernel = kernel<{ image: tf.TensorInfo }, RotateAttrs>(
  'RotateWithOffset',
  (heap, { image }, { radians, fillValue, center }, stock) => {
    if ([fillValue].flat().every(Number.isInteger)) return stock()
    const [batch, height, width, channels] = image.shape as [number, number, number, number]
    const [centerX, centerY] = tf.backend_util.getImageCenter(center, height, width)
    const [sin, cos] = [Math.sin(radians), Math.cos(radians)]
    const out = heap.make(image.shape, image.dtype)
    const [from, to] = [heap.numbers(image), heap.numbers(out)]
    const fill = Array.from({ length: channels }, (_, c) =>
      Array.isArray(fillValue) ? (fillValue[c] ?? 255) : fillValue,
    )
    let position = 0
    for (let n = 0; n < batch; n++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++, position += channels) {
          const [right, down] = [column - centerX, row - centerY]
          const x = Math.round(right * cos - down * sin + centerX)
          const y = Math.round(right * sin + down * cos + centerY)
          const isInside = x >= 0 && x < width && y >= 0 && y < height
          const start = ((n * height + y) * width + x) * channels
          for (let c = 0; c < channels; c++) to[position + c] = isInside ? from[start + c]! : fill[c]!
        }
    return out
  },
)
