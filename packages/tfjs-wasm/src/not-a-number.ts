import * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'

// XNNPACK limits values so that a NaN becomes a limit, and a network that has diverged looks healthy. Here a NaN stays one.

/** Gives 0 for negative values. */
export const relu: Kernel = kernel<{ x: tf.TensorInfo }, object>('Relu', (heap, { x }, _, stock) => {
  return x.dtype === 'float32' ? clamp(heap, x, 0, Infinity) : stock()
})

/** Limits values to the range from 0 to 6. */
export const relu6: Kernel = kernel<{ x: tf.TensorInfo }, object>('Relu6', (heap, { x }, _, stock) => {
  return x.dtype === 'float32' ? clamp(heap, x, 0, 6) : stock()
})

/** Limits values to a range; also integers, whose bits the stock kernel takes for those of floats. */
export const clipByValue: Kernel = kernel<
  { x: tf.TensorInfo },
  { clipValueMin: number; clipValueMax: number }
>('ClipByValue', (heap, { x }, { clipValueMin: min, clipValueMax: max }) => {
  if (x.dtype === 'float32') return clamp(heap, x, min, max)
  const out = heap.make(x.shape, x.dtype)
  const from = heap.int32(x)
  const to = heap.int32(out)
  for (let i = 0; i < to.length; i++) to[i] = Math.min(Math.max(from[i]!, min), max)
  return out
})

function clamp(heap: Heap, x: tf.TensorInfo, min: number, max: number): tf.TensorInfo {
  const out = heap.make(x.shape)
  heap.loops.clamp(heap.address(out), heap.address(x), tf.util.sizeFromShape(x.shape), min, max)
  return out
}
