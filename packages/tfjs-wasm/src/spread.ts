import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

interface SpreadAttrs {
  /** Of what was added up. */
  shape: number[]
  /** The axes along which it was. */
  first: number
  last: number
  /** Whether the sum was divided by the number of values. */
  mean: boolean
}

/** Gives to each value that was added up its part of the gradient of the sum or mean. */
export const spread: Kernel = kernel<{ dy: tf.TensorInfo }, SpreadAttrs>(
  'Spread',
  (heap, { dy }, { shape, first, last, mean }) => {
    const out = heap.make(shape)
    const [outer, count, inner] = [
      shape.slice(0, first),
      shape.slice(first, last + 1),
      shape.slice(last + 1),
    ].map(tf.util.sizeFromShape) as [number, number, number]
    if (outer * count * inner > 0)
      heap.loops.spread(heap.address(out), heap.address(dy), outer, count, inner, mean ? count : 1)
    return out
  },
)
