import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

// Of no values, the stock kernels of reductions leave what was in the memory.

interface ReduceInputs {
  x: tf.TensorInfo
}

interface ReduceAttrs {
  axis?: number | number[]
  reductionIndices?: number | number[]
  keepDims: boolean
}

/** Reductions that give, of no values, the one that changes nothing when it is added to others. */
export const reductionsOfNothing: readonly Kernel[] = (
  [
    ['Max', -Infinity],
    ['Min', Infinity],
    ['Prod', 1],
    ['All', 1],
    ['Any', 0],
  ] as const
).map(([name, neutral]) =>
  kernel<ReduceInputs, ReduceAttrs>(
    name,
    (heap, { x }, attrs) => {
      const axes = tf.util.parseAxisParam((attrs.reductionIndices ?? attrs.axis)!, x.shape)
      const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
      const out = heap.make(attrs.keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis)), x.dtype)
      if (x.dtype === 'bool') heap.bytes(out).fill(neutral)
      else heap.numbers(out).fill(neutral)
      return out
    },
    isEmpty,
  ),
)

function isEmpty({ x }: ReduceInputs): boolean {
  return x.shape.includes(0)
}
