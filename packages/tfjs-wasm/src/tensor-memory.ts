import * as tf from '@tensorflow/tfjs'
import type { WasmBackend } from './backend.ts'
import { type Heap, heapOf } from './heap.ts'

/**
 * The float32 values of a tensor where they are, in the memory of the WASM backend, in the tensor's order. Nobody is told of what is changed here: clones that are
 * made of the tensor have the same values, and a convolution whose filter it was may go on with the old ones.
 */
export class TensorMemory {
  readonly #heap: Heap
  readonly #tensor: tf.TensorInfo

  /** @internal */
  constructor(heap: Heap, tensor: tf.TensorInfo) {
    this.#heap = heap
    this.#tensor = tensor
  }

  /** Views values `from` to `to`, as `subarray` does, for use at once: the view dies when the memory grows, which any new tensor can bring about. */
  view(from: number, to: number): Float32Array {
    return this.#heap.float32(this.#tensor).subarray(from, to)
  }

  /** Multiplies values `from` to `to` by a number, in float32. */
  multiply(from: number, to: number, factor: number): void {
    const { byteOffset, length } = this.view(from, to)
    this.#heap.loops.multiplyBy(byteOffset, length, factor)
  }

  /** Divides values `from` to `to` by a number, in float32. */
  divide(from: number, to: number, divisor: number): void {
    const { byteOffset, length } = this.view(from, to)
    this.#heap.loops.divideBy(byteOffset, length, divisor)
  }
}

/** Gives the memory of a float32 tensor of the WASM backend that shares it with no other tensor, as clones and reshaped ones do; of others, nothing. */
export function memoryOf(tensor: tf.Tensor): TensorMemory | undefined {
  if (tensor.dtype !== 'float32' || tf.getBackend() !== 'wasm') return undefined
  const backend = tf.backend() as unknown as WasmBackend
  const isAlone = backend.dataIdMap.has(tensor.dataId) && backend.refCount(tensor.dataId) === 1
  return isAlone ? new TensorMemory(heapOf(backend), tensor) : undefined
}
