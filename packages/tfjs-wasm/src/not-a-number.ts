import type * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

// XNNPACK's clamp turns a NaN into a limit, so that a network that has diverged looks healthy. In these kernels
// both comparisons fail for a NaN, and it stays.

/** Limits values to a range; also integers, whose bits the stock kernel takes for floats. */
export const clipByValue: Kernel = kernel<
  { x: tf.TensorInfo },
  { clipValueMin: number; clipValueMax: number }
>('ClipByValue', (heap, { x }, { clipValueMin: min, clipValueMax: max }) => {
  const out = heap.make(x.shape, x.dtype)
  const [from, to] = [heap.numbers(x), heap.numbers(out)]
  for (let i = 0; i < to.length; i++) {
    const value = from[i]!
    to[i] = value < min ? min : value > max ? max : value
  }
  return out
})

/** Gives 0 for negative values. */
export const relu: Kernel = kernel<{ x: tf.TensorInfo }, object>('Relu', (heap, { x }, _, stock) => {
  if (x.dtype !== 'float32') return stock()
  const out = heap.make(x.shape)
  const [from, to] = [heap.float32(x), heap.float32(out)]
  for (let i = 0; i < to.length; i++) {
    const value = from[i]!
    to[i] = value < 0 ? 0 : value
  }
  return out
})

/** Limits values to the range from 0 to 6. */
export const relu6: Kernel = kernel<{ x: tf.TensorInfo }, object>('Relu6', (heap, { x }, _, stock) => {
  if (x.dtype !== 'float32') return stock()
  const out = heap.make(x.shape)
  const [from, to] = [heap.float32(x), heap.float32(out)]
  for (let i = 0; i < to.length; i++) {
    const value = from[i]!
    to[i] = value < 0 ? 0 : value > 6 ? 6 : value
  }
  return out
})
