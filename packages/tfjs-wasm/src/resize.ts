import * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'

// The gradients of resizing. The stock kernels do not know of half-pixel centers.

interface ResizeInputs {
  images: tf.TensorInfo
  dy: tf.TensorInfo
}

interface ResizeAttrs {
  alignCorners: boolean
  halfPixelCenters?: boolean
}

/** Differentiates resizeBilinear: each output sends dy back to the four pixels that it is between. */
export const resizeBilinearGrad: Kernel = kernel<ResizeInputs, ResizeAttrs>(
  'ResizeBilinearGrad',
  (heap, { images, dy }, { halfPixelCenters }, stock) =>
    halfPixelCenters ? sendBack(heap, images, dy, between) : stock(),
)

/** Differentiates resizeNearestNeighbor: each output sends dy back to the pixel that it is a copy of. */
export const resizeNearestNeighborGrad: Kernel = kernel<ResizeInputs, ResizeAttrs>(
  'ResizeNearestNeighborGrad',
  (heap, { images, dy }, { halfPixelCenters }, stock) =>
    halfPixelCenters ? sendBack(heap, images, dy, nearest) : stock(),
)

/** The pixels that a line of the result is made of, and their shares; two of each, for the lines in turn. */
interface Sources {
  readonly pixels: Int32Array
  readonly shares: Float64Array
}

/** Says where the center of an output lies, in pixels of an input of this size. */
type Locate = (center: number, size: number) => [first: number, second: number, share: number]

const between: Locate = (center, size) => {
  const position = center - 0.5
  const first = Math.max(0, Math.floor(position))
  return [first, Math.min(size - 1, Math.max(0, Math.ceil(position))), position - first]
}

const nearest: Locate = (center, size) => {
  const pixel = Math.min(size - 1, Math.floor(center))
  return [pixel, pixel, 0]
}

function sources(inputSize: number, outputSize: number, locate: Locate): Sources {
  const pixels = new Int32Array(2 * outputSize)
  const shares = new Float64Array(2 * outputSize)
  for (let i = 0; i < outputSize; i++) {
    const [first, second, share] = locate(((i + 0.5) * inputSize) / outputSize, inputSize)
    pixels.set([first, second], 2 * i)
    shares.set([1 - share, share], 2 * i)
  }
  return { pixels, shares }
}

function sendBack(heap: Heap, images: tf.TensorInfo, dy: tf.TensorInfo, locate: Locate): tf.TensorInfo {
  const [batch, height, width, channels] = images.shape as [number, number, number, number]
  const [, newHeight, newWidth] = dy.shape as [number, number, number, number]
  const rows = sources(height, newHeight, locate)
  const columns = sources(width, newWidth, locate)
  const out = heap.make(images.shape)
  const [dx, gradient] = [heap.float32(out), heap.float32(dy)]
  dx.fill(0)
  let from = 0
  for (let n = 0; n < batch; n++)
    for (let h = 0; h < newHeight; h++)
      for (let w = 0; w < newWidth; w++, from += channels)
        for (let corner = 0; corner < 4; corner++) {
          const [row, column] = [2 * h + (corner >> 1), 2 * w + (corner & 1)]
          const share = rows.shares[row]! * columns.shares[column]!
          if (share === 0) continue
          const to = ((n * height + rows.pixels[row]!) * width + columns.pixels[column]!) * channels
          for (let c = 0; c < channels; c++) dx[to + c]! += share * gradient[from + c]!
        }
  return out
}
