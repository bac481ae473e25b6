import * as tf from '@tensorflow/tfjs'

import { type Geometry, validTaps, volume } from './geometry.ts'
import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'
import {
  type Pool3DAttrs,
  type PoolAttrs,
  poolGeometry2d,
  poolGeometry3d,
  type PoolGradInputs,
} from './pool-geometry.ts'

// The stock kernels look for a maximum from the smallest positive float on, not from the lowest. All of them are
// wrong where the maximum of a window is not positive; only MaxPool itself, which is XNNPACK's, is right.

/** Differentiates maxPool: dy goes to the first maximum of its window, as on the CPU backend. */
export const maxPoolGrad: Kernel = kernel<PoolGradInputs, PoolAttrs>(
  'MaxPoolGrad',
  (heap, { dy, input }, attrs) => sendBack(heap, dy, input, poolGeometry2d(input, attrs, dy), 'first'),
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
  const positions = heap.int32(maxima)
  for (let i = 0; i < indices.length; i++)
    indices[i] = attrs.includeBatchInIndex ? positions[i]! : positions[i]! % imageSize
  heap.dispose(maxima)
  return [pooled, where]
})

/** Gives the maxima of windows in three dimensions. */
export const maxPool3d: Kernel = kernel<{ x: tf.TensorInfo }, Pool3DAttrs>(
  'MaxPool3D',
  (heap, { x }, attrs) => maximaOf(heap, x, poolGeometry3d(x, attrs), 3),
)

/** Gives the maxima of windows of any type; -Infinity for one that lies in the padding altogether. */
export function maximaOf(heap: Heap, x: tf.TensorInfo, geometry: Geometry, dimensions: 2 | 3): tf.TensorInfo {
  const out = heap.make(outputShape(geometry, dimensions), x.dtype)
  const maxima = findMaxima(heap, x, geometry, 'last')
  takeMaxima(heap, x, out, maxima)
  heap.dispose(maxima)
  return out
}

/** Differentiates maxPool3d: dy goes to the last maximum of its window, as on the CPU backend. */
export const maxPool3dGrad: Kernel = kernel<PoolGradInputs, Pool3DAttrs>(
  'MaxPool3DGrad',
  (heap, { dy, input }, attrs) => sendBack(heap, dy, input, poolGeometry3d(input, attrs), 'last'),
)

function outputShape({ batch, output, inChannels }: Geometry, dimensions: 2 | 3): number[] {
  return [batch, ...output.slice(3 - dimensions), inChannels]
}

function takeMaxima(heap: Heap, x: tf.TensorInfo, out: tf.TensorInfo, maxima: tf.TensorInfo): void {
  const [from, to, where] = [heap.numbers(x), heap.numbers(out), heap.int32(maxima)]
  for (let i = 0; i < to.length; i++) to[i] = where[i]! < 0 ? -Infinity : from[where[i]!]!
}

function sendBack(
  heap: Heap,
  dy: tf.TensorInfo,
  x: tf.TensorInfo,
  geometry: Geometry,
  tie: Tie,
): tf.TensorInfo {
  const dx = heap.make(x.shape)
  const maxima = findMaxima(heap, x, geometry, tie)
  heap.float32(dx).fill(0)
  const count = tf.util.sizeFromShape(dy.shape)
  heap.loops.scatterAdd(heap.address(dx), heap.address(maxima), heap.address(dy), count)
  heap.dispose(maxima)
  return dx
}

/** Which of several equal maxima it is. The CPU backend has it one way in two dimensions, the other in three. */
type Tie = 'first' | 'last'

/**
 * Finds the maximum of each window: its position among the values of x, or -1 for a window that lies in the
 * padding altogether. A window of nothing but NaN gives a NaN, so that it does not get lost.
 */
function findMaxima(heap: Heap, x: tf.TensorInfo, geometry: Geometry, tie: Tie): tf.TensorInfo {
  const { batch, inChannels: channels, input, output, stride, dilation, pad } = geometry
  const floats = x.dtype === 'float32' ? x : heap.run('Cast', { x }, { dtype: 'float32' })
  const size = batch * volume(output) * channels
  const found = heap.make([size], 'int32')
  const best = heap.make([size])
  heap.int32(found).fill(-1)
  heap.float32(best).fill(NaN)
  const base = heap.address(floats)
  const [bestStart, foundStart] = [heap.address(best), heap.address(found)]
  const pixelStep = 4 * channels * dilation[2]
  const lineStep = 4 * channels * input[2] * dilation[1]
  let first = 0
  for (let n = 0; n < batch; n++)
    for (let d = 0; d < output[0]; d++) {
      const [fromD, toD] = validTaps(geometry, 0, d)
      for (let h = 0; h < output[1]; h++) {
        const [fromH, toH] = validTaps(geometry, 1, h)
        for (let w = 0; w < output[2]; w++, first += 4 * channels) {
          const [fromW, toW] = validTaps(geometry, 2, w)
          for (let tapD = fromD; tapD < toD; tapD++) {
            const plane = n * input[0] + d * stride[0] + tapD * dilation[0] - pad[0]
            const line = plane * input[1] + h * stride[1] + fromH * dilation[1] - pad[1]
            const pixel = line * input[2] + w * stride[2] + fromW * dilation[2] - pad[2]
            heap.loops.maximize(
              bestStart + first,
              foundStart + first,
              base + 4 * channels * pixel,
              base,
              toH - fromH,
              toW - fromW,
              lineStep,
              pixelStep,
              channels,
              tie === 'last' ? -1 : 0,
            )
          }
        }
      }
    }
  heap.dispose(best)
  if (floats !== x) heap.dispose(floats)
  return found
}
