import type * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'

// A complex tensor lies on the heap as a tensor of floats with one more axis, of length 2: the real and the imaginary
// part of each number, one behind the other.

/** Gives a complex tensor as floats, with both parts along a last axis. Dispose it like any other tensor. */
export function partsOf(heap: Heap, x: tf.TensorInfo): tf.TensorInfo {
  return { ...heap.reshape(x, [...x.shape, 2]), dtype: 'float32' }
}

/** Gives floats that have both parts along their last axis as a complex tensor. */
export function complexOf(parts: tf.TensorInfo): tf.TensorInfo {
  return { dataId: parts.dataId, shape: parts.shape.slice(0, -1), dtype: 'complex64' }
}

/** Refuses a tensor that is not complex. */
export function needComplex(name: string, { dtype }: tf.TensorInfo): void {
  if (dtype !== 'complex64')
    throw new Error(`[tfjs-wasm] ${name} takes complex64 on the WASM backend, not ${dtype}: use tf.complex`)
}
