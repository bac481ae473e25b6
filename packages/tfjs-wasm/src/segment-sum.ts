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
  const ids = heap.int32(segmentIds)
  if (x.dtype === 'float32') {
    heap.float32(out).fill(0)
    const [from, to] = [heap.address(x), heap.address(out)]
    for (const [row, id] of ids.entries())
      if (id >= 0 && id < numSegments)
        heap.loops.accumulate(to + 4 * id * length, from + 4 * row * length, length, 1)
    return out
  }
  const values = heap.int32(x)
  const sums = heap.int32(out)
  sums.fill(0)
  for (const [row, id] of ids.entries())
    if (id >= 0 && id < numSegments)
      for (let i = 0; i < length; i++) sums[id * length + i]! += values[row * length + i]!
  return out
})
