import * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'

interface ReduceAttrs {
  axis: number | number[]
  keepDims: boolean
}

/**
 * Adds up over axes. The stock kernel leaves the sum of no values undefined, adds in single precision, and transposes unless
 * the axes are the last ones, though sums over the first ones (the gradient of every bias) need no transposing.
 */
export const sum: Kernel = kernel<{ x: tf.TensorInfo }, ReduceAttrs>('Sum', (heap, { x }, attrs, stock) => {
  return sums(heap, x, attrs, () => 1) ?? stock()
})

/** Averages over axes; as for sums, those over the first axes need no transposing. */
export const mean: Kernel = kernel<{ x: tf.TensorInfo }, ReduceAttrs>('Mean', (heap, { x }, attrs, stock) => {
  return sums(heap, x, attrs, (count) => 1 / count) ?? stock()
})

/** Gives sums times a factor, in double precision as on the CPU backend, if the axes are neighbours. */
function sums(
  heap: Heap,
  x: tf.TensorInfo,
  { axis, keepDims }: ReduceAttrs,
  factor: (count: number) => number,
): tf.TensorInfo | undefined {
  if (x.dtype !== 'float32') return undefined
  const axes = tf.util.parseAxisParam(axis, x.shape).toSorted((a, b) => a - b)
  const first = axes[0] ?? 0
  const last = axes.at(-1) ?? -1
  const size = tf.util.sizeFromShape(x.shape)
  const inner = tf.util.sizeFromShape(x.shape.slice(last + 1))
  if (size > 0 && axes.length !== last - first + 1) return undefined
  const count = axes.reduce((product, each) => product * x.shape[each]!, 1)
  const shape = keepDims
    ? x.shape.map((length, each) => (axes.includes(each) ? 1 : length))
    : x.shape.filter((_, each) => !axes.includes(each))
  const out = heap.make(shape)
  const scale = factor(count)
  if (size === 0) {
    heap.float32(out).fill(Number.isFinite(scale) ? 0 : NaN)
    return out
  }
  if (inner === 1) {
    heap.loops.sumLines(heap.address(out), heap.address(x), size / count, count, scale)
    return out
  }
  const row = heap.make([2 * inner])
  const totals = heap.doubles(row)
  const to = heap.float32(out)
  for (let start = 0; start < to.length; start += inner) {
    totals.fill(0)
    heap.loops.sumRows(heap.address(row), heap.address(x) + 4 * start * count, count, inner)
    for (let i = 0; i < inner; i++) to[start + i] = totals[i]! * scale
  }
  heap.dispose(row)
  return out
}
