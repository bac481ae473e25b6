import * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'
import { copyStrided } from './strided-copy.ts'

// Putting together and taking apart along an axis. The stock kernels copy each run of neighbouring values with a call of its
// own, which is most of the time that recurrent networks spend in them.

/** Joins tensors along an axis. */
export const concat: Kernel = kernel<Record<number, tf.TensorInfo>, { axis: number }>(
  'Concat',
  (heap, inputs, { axis: given }, stock) => {
    const tensors = Object.values(inputs)
    const { shape, dtype } = tensors[0]!
    if (!isPlain(dtype)) return stock()
    const shapes = tensors.map((each) => each.shape)
    const [axis] = tf.util.parseAxisParam(given, shape) as [number]
    tf.backend_util.assertParamsConsistent(shapes, axis)
    const out = heap.make(tf.backend_util.computeOutShape(shapes, axis), dtype)
    const pieces = tensors.map((tensor) => ({ tensor, length: tensor.shape[axis]! }))
    copyPieces(heap, out, pieces, out.shape, axis, 'to')
    return out
  },
)

/** Puts tensors of the same shape side by side along a new axis. */
export const pack: Kernel = kernel<Record<number, tf.TensorInfo>, { axis: number }>(
  'Pack',
  (heap, inputs, { axis: given }, stock) => {
    const tensors = Object.values(inputs)
    const { shape, dtype } = tensors[0]!
    const axis = given < 0 ? given + shape.length + 1 : given
    if (!isPlain(dtype)) return stock()
    for (const each of tensors) {
      tf.util.assertShapesMatch(shape, each.shape, 'All tensors passed to stack must have matching shapes')
      tf.util.assert(dtype === each.dtype, () => 'All tensors passed to stack must have matching dtypes')
    }
    const out = heap.make([...shape.slice(0, axis), tensors.length, ...shape.slice(axis)], dtype)
    const pieces = tensors.map((tensor) => ({ tensor, length: 1 }))
    copyPieces(heap, out, pieces, out.shape, axis, 'to')
    return out
  },
)

/** Cuts a tensor along an axis. */
export const splitV: Kernel = kernel<
  { x: tf.TensorInfo },
  { numOrSizeSplits: number[] | number; axis: number }
>('SplitV', (heap, { x }, { numOrSizeSplits, axis: given }, stock) => {
  if (!isPlain(x.dtype)) return stock()
  const [axis] = tf.util.parseAxisParam(given, x.shape) as [number]
  const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, axis)
  const pieces = sizes.map((length) => {
    const tensor = heap.make(x.shape.with(axis, length), x.dtype)
    return { tensor, length }
  })
  copyPieces(heap, x, pieces, x.shape, axis, 'from')
  return pieces.map(({ tensor }) => tensor)
})

/** Cuts a tensor into slices without the axis. */
export const unpack: Kernel = kernel<{ value: tf.TensorInfo }, { axis: number }>(
  'Unpack',
  (heap, { value }, { axis: given }, stock) => {
    const { shape, dtype } = value
    if (!isPlain(dtype)) return stock()
    const [axis] = tf.util.parseAxisParam(given, shape) as [number]
    const sliceShape = shape.toSpliced(axis, 1)
    const pieces = Array.from({ length: shape[axis]! }, () => {
      return { tensor: heap.make(sliceShape, dtype), length: 1 }
    })
    copyPieces(heap, value, pieces, shape, axis, 'from')
    return pieces.map(({ tensor }) => tensor)
  },
)

interface Piece {
  readonly tensor: tf.TensorInfo
  /** Along the axis. */
  readonly length: number
}

/** Copies pieces that follow each other along an axis to the whole, or from it. */
function copyPieces(
  heap: Heap,
  whole: tf.TensorInfo,
  pieces: readonly Piece[],
  shape: readonly number[],
  axis: number,
  direction: 'to' | 'from',
): void {
  const outer = tf.util.sizeFromShape(shape.slice(0, axis))
  const inner = tf.util.sizeFromShape(shape.slice(axis + 1))
  const row = shape[axis]! * inner
  let start = heap.address(whole)
  for (const { tensor, length } of pieces) {
    const piece = heap.address(tensor)
    const run = { size: length * inner, from: 1, to: 1 }
    if (direction === 'to')
      copyStrided(heap, start, piece, [{ size: outer, from: length * inner, to: row }, run])
    else copyStrided(heap, piece, start, [{ size: outer, from: row, to: length * inner }, run])
    start += 4 * length * inner
  }
}

/** Says whether values have four bytes each. */
function isPlain(dtype: tf.DataType): boolean {
  return dtype === 'float32' || dtype === 'int32'
}
