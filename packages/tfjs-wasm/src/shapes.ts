import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'
import { copyStrided } from './strided-copy.ts'

/**
 * Gives the same values. What a gradient needs later is saved this way, so that under one the memory is shared, as on the
 * CPU backend; the stock kernel copies it.
 */
export const identity: Kernel = kernel<{ x: tf.TensorInfo }, object>('Identity', (heap, { x }, _, stock) => {
  const isSaved = tf.engine().state.gradientDepth > 0 && x.dtype !== 'string'
  return isSaved || x.dtype === 'complex64' ? heap.reshape(x, x.shape) : stock()
})

/** Copying so many neighbours with one call is quicker than one by one. */
const worthACall = 48

/** Transposes in runs along two axes; the stock kernel works out where each value is. */
export const transpose: Kernel = kernel<{ x: tf.TensorInfo }, { perm: number[] }>(
  'Transpose',
  (heap, { x }, { perm }, stock) => {
    const shape = perm.map((axis) => x.shape[axis]!)
    // The stock kernel divides by a length of 0.
    const isEmpty = tf.util.sizeFromShape(shape) === 0 && x.dtype !== 'string'
    if (!isEmpty && x.dtype !== 'float32' && x.dtype !== 'int32') return stock()
    const out = heap.make(shape, x.dtype)
    const axes = perm.map((axis, index) => ({
      size: shape[index]!,
      from: tf.util.sizeFromShape(x.shape.slice(axis + 1)),
      to: tf.util.sizeFromShape(shape.slice(index + 1)),
    }))
    copyStrided(heap, heap.address(out), heap.address(x), axes)
    return out
  },
)

/** Repeats a tensor along its axes, in whole blocks where the stock kernel works out each index. */
export const tile: Kernel = kernel<{ x: tf.TensorInfo }, { reps: number[] }>(
  'Tile',
  (heap, { x }, { reps }, stock) => {
    if (x.dtype === 'string') return stock()
    const out = heap.make(
      x.shape.map((size, axis) => size * reps[axis]!),
      x.dtype,
    )
    const to = heap.words(out)
    if (to.length === 0) return out
    const Words = x.dtype === 'bool' ? Uint8Array : Uint32Array
    // From the last axis to the first, each block is copied behind itself; the last copies go to the result.
    let blocks = heap.words(x)
    let inner = 1
    for (let axis = x.shape.length - 1; axis >= 0; axis--) {
      const times = reps[axis]!
      inner *= x.shape[axis]!
      if (times === 1) continue
      const isLast = reps.slice(0, axis).every((rep) => rep === 1)
      const repeated = isLast ? to : new Words(blocks.length * times)
      repeatBlocks(repeated, blocks, inner, times)
      blocks = repeated
      inner *= times
    }
    if (blocks !== to) to.set(blocks)
    return out
  },
)

function repeatBlocks(
  to: Uint32Array | Uint8Array,
  from: Uint32Array | Uint8Array,
  size: number,
  times: number,
): void {
  for (let start = 0, target = 0; start < from.length; start += size) {
    const end = target + size * times
    if (size === 1) to.fill(from[start]!, target, end)
    else {
      to.set(from.subarray(start, start + size), target)
      // Doubling what is there takes few calls.
      for (let have = size; have < size * times; have *= 2)
        to.copyWithin(target + have, target, Math.min(target + have, end - have))
    }
    target = end
  }
}

/** Takes slices by their index along an axis, whole slices at a time. */
export const gather: Kernel = kernel<
  { x: tf.TensorInfo; indices: tf.TensorInfo },
  { axis: number; batchDims: number }
>('GatherV2', (heap, { x, indices }, { axis, batchDims }, stock) => {
  if (x.dtype === 'string' || indices.dtype !== 'int32') return stock()
  const [parsedAxis] = tf.util.parseAxisParam(axis, x.shape) as [number]
  const info = tf.backend_util.segment_util.collectGatherOpShapeInfo(
    x as tf.Tensor,
    indices as tf.Tensor,
    parsedAxis,
    batchDims,
  )
  const { batchSize, outerSize, dimSize, sliceSize } = info
  const out = heap.make(info.outputShape, x.dtype)
  const [from, to, which] = [heap.words(x), heap.words(out), heap.int32(indices)]
  for (const index of which)
    if (index < 0 || index >= dimSize)
      throw new Error(`[tfjs-wasm] gather: the index ${index} is not in [0, ${dimSize - 1}]`)
  const count = which.length / batchSize
  let target = 0
  for (let b = 0; b < batchSize; b++)
    for (let o = 0; o < outerSize; o++) {
      const start = (b * outerSize + o) * dimSize
      for (let i = b * count; i < (b + 1) * count; i++) {
        let at = (start + which[i]!) * sliceSize
        const end = at + sliceSize
        if (sliceSize >= worthACall) {
          to.set(from.subarray(at, end), target)
          target += sliceSize
        } else while (at < end) to[target++] = from[at++]!
      }
    }
  return out
})
