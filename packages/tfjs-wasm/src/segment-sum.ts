import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

/**
 * Adds up rows that have the same id: the gradient of gather, and so of every embedding; the backend has no
 * such kernel. Rows with ids outside of [0, numSegments) are left out, as on the CPU backend.
 */
export const unsortedSegmentSum: Kernel = kernel<
  { x: tf.TensorInfo; segmentIds: tf.TensorInfo },
  { numSegments: number }
>('UnsortedSegmentSum', (heap, { x, segmentIds }, { numSegments }) => {
  const rowShape = x.shape.slice(segmentIds.shape.length)
  const length = tf.util.sizeFromShape(rowShape)
  const out = heap.make([numSegments, ...rowShape], x.dtype)
  const [values, sums] = [heap.numbers(x), heap.numbers(out)]
  sums.fill(0)
  let from = 0
  for (const id of heap.int32(segmentIds)) {
    const end = from + length
    if (id < 0 || id >= numSegments) from = end
    else for (let to = id * length; from < end; from++, to++) sums[to]! += values[from]!
  }
  return out
})
