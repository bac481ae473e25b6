import * as tf from '@tensorflow/tfjs'

import { type Geometry, geometry2d, geometry3d, validTaps, volume } from './geometry.ts'
import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'

// The stock kernels look for a maximum from the smallest positive float on, not from the lowest. All of them are
// wrong where the maximum of a window is not positive; only MaxPool itself, which is XNNPACK's, is right.

type Shape4 = [number, number, number, number]
type Shape5 = [number, number, number, number, number]

interface PoolAttrs {
  filterSize: number | [number, number]
  strides: number | [number, number]
  pad: Parameters<typeof tf.backend_util.computePool2DInfo>[4]
  dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

interface PoolGradInputs {
  dy: tf.TensorInfo
  input: tf.TensorInfo
}

/** Differentiates maxPool: dy goes to the first maximum of its window, as on the CPU backend. */
export const maxPoolGrad: Kernel = kernel<PoolGradInputs, PoolAttrs>(
  'MaxPoolGrad',
  (heap, { dy, input }, attrs) => sendBack(heap, dy, input, poolGeometry2d(input, attrs), 'first'),
)

/** Gives the maxima of windows, and where they are in the image or, on request, in the batch. */
export const maxPoolWithArgmax: Kernel = kernel<
  { x: tf.TensorInfo },
  PoolAttrs & { includeBatchInIndex: boolean }
>('MaxPoolWithArgmax', (heap, { x }, attrs) => {
  const geometry = poolGeometry2d(x, attrs)
  const [pooled, where] = [
    heap.make(outputShape(geometry, 2), x.dtype),
    heap.make(outputShape(geometry, 2), 'int32'),
  ]
  const maxima = findMaxima(heap, x, geometry, 'first')
  takeMaxima(heap, x, pooled, maxima)
  const imageSize = volume(geometry.input) * geometry.inChannels
  const indices = heap.int32(where)
  for (let i = 0; i < indices.length; i++)
    indices[i] = attrs.includeBatchInIndex ? maxima[i]! : maxima[i]! % imageSize
  return [pooled, where]
})

interface Pool3DAttrs {
  filterSize: number | [number, number, number]
  strides: number | [number, number, number]
  pad: 'same' | 'valid' | number
  dimRoundingMode?: 'floor' | 'round' | 'ceil'
}

/** Gives the maxima of windows in three dimensions. */
export const maxPool3d: Kernel = kernel<{ x: tf.TensorInfo }, Pool3DAttrs>(
  'MaxPool3D',
  (heap, { x }, attrs) => {
    const geometry = poolGeometry3d(x, attrs)
    const out = heap.make(outputShape(geometry, 3), x.dtype)
    takeMaxima(heap, x, out, findMaxima(heap, x, geometry, 'last'))
    return out
  },
)

/** Differentiates maxPool3d: dy goes to the last maximum of its window, as on the CPU backend. */
export const maxPool3dGrad: Kernel = kernel<PoolGradInputs, Pool3DAttrs>(
  'MaxPool3DGrad',
  (heap, { dy, input }, attrs) => sendBack(heap, dy, input, poolGeometry3d(input, attrs), 'last'),
)

function poolGeometry2d(
  x: tf.TensorInfo,
  { filterSize, strides, pad, dimRoundingMode }: PoolAttrs,
): Geometry {
  const shape = x.shape as Shape4
  return geometry2d(tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode))
}

function poolGeometry3d(
  x: tf.TensorInfo,
  { filterSize, strides, pad, dimRoundingMode }: Pool3DAttrs,
): Geometry {
  const shape = x.shape as Shape5
  return geometry3d(tf.backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode))
}

function outputShape({ batch, output, inChannels }: Geometry, dimensions: 2 | 3): number[] {
  return [batch, ...output.slice(3 - dimensions), inChannels]
}

function takeMaxima(heap: Heap, x: tf.TensorInfo, out: tf.TensorInfo, maxima: Int32Array): void {
  const [from, to] = [heap.numbers(x), heap.numbers(out)]
  for (let i = 0; i < to.length; i++) to[i] = maxima[i]! < 0 ? -Infinity : from[maxima[i]!]!
}

function sendBack(
  heap: Heap,
  dy: tf.TensorInfo,
  x: tf.TensorInfo,
  geometry: Geometry,
  tie: Tie,
): tf.TensorInfo {
  const out = heap.make(x.shape)
  const maxima = findMaxima(heap, x, geometry, tie)
  const [dx, gradient] = [heap.float32(out), heap.float32(dy)]
  dx.fill(0)
  for (let i = 0; i < gradient.length; i++) if (maxima[i]! >= 0) dx[maxima[i]!]! += gradient[i]!
  return out
}

/** Which of several equal maxima it is. The CPU backend has it one way in two dimensions, the other in three. */
type Tie = 'first' | 'last'

/**
 * Finds the maximum of each window: its position among the values of x, or -1 for a window that lies in the
 * padding altogether. A window of nothing but NaN gives a NaN, so that it does not get lost.
 */
function findMaxima(heap: Heap, x: tf.TensorInfo, geometry: Geometry, tie: Tie): Int32Array {
  const { batch, inChannels: channels, input, output, stride, dilation, pad } = geometry
  const from = heap.numbers(x)
  const last = tie === 'last'
  const found = new Int32Array(batch * volume(output) * channels).fill(-1)
  let first = 0
  for (let n = 0; n < batch; n++)
    for (let d = 0; d < output[0]; d++) {
      const [fromD, toD] = validTaps(geometry, 0, d)
      for (let h = 0; h < output[1]; h++) {
        const [fromH, toH] = validTaps(geometry, 1, h)
        for (let w = 0; w < output[2]; w++, first += channels) {
          const [fromW, toW] = validTaps(geometry, 2, w)
          let started = false
          for (let tapD = fromD; tapD < toD; tapD++)
            for (let tapH = fromH; tapH < toH; tapH++) {
              const plane = n * input[0] + d * stride[0] + tapD * dilation[0] - pad[0]
              const line = (plane * input[1] + h * stride[1] + tapH * dilation[1] - pad[1]) * input[2]
              for (let tapW = fromW; tapW < toW; tapW++) {
                let at = (line + w * stride[2] + tapW * dilation[2] - pad[2]) * channels
                if (started) {
                  for (let i = first; i < first + channels; i++, at++) {
                    const best = from[found[i]!]!
                    const value = from[at]!
                    if (value > best || (last && value === best) || Number.isNaN(best)) found[i] = at
                  }
                } else for (let i = first; i < first + channels; i++) found[i] = at++
                started = true
              }
            }
        }
      }
    }
  return found
}
