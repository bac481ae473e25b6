import * as tf from '@tensorflow/tfjs'
import type { WasmBackend } from './backend.ts'
import { type Heap, heapOf } from './heap.ts'

/**
 * The float32 values of a tensor where they are, in the memory of the WASM backend, in the tensor's order. What is changed here nobody else is told of: gradients
 * that have kept the tensor, and convolutions whose filter it was, go on with what they have made of it.
 */
export class TensorMemory {
  readonly #heap: Heap
  readonly #tensor: tf.TensorInfo

  /** @internal */
  constructor(heap: Heap, tensor: tf.TensorInfo) {
    this.#heap = heap
    this.#tensor = tensor
  }

  /** Views values `from` to `to`, for use at once: the view dies when the memory grows, which any new tensor can bring about. */
  view(from: number, to: number): Float32Array {
    return this.#heap.float32(this.#tensor).subarray(from, to)
  }

  /** Multiplies values `from` to `to` by a number, in float32. */
  multiply(from: number, to: number, factor: number): void {
    this.#heap.loops.multiplyBy(this.#address(from), to - from, factor)
  }

  /** Divides values `from` to `to` by a number, in float32. */
  divide(from: number, to: number, divisor: number): void {
    this.#heap.loops.divideBy(this.#address(from), to - from, divisor)
  }

  #address(at: number): number {
    return this.#heap.address(this.#tensor) + 4 * at
  }
}

/** Gives the memory of a float32 tensor of the WASM backend that shares it with no other tensor, as clones and reshaped ones do; of others, nothing. */
export function memoryOf(tensor: tf.Tensor): TensorMemory | undefined {
  if (tensor.dtype !== 'float32' || tf.getBackend() !== 'wasm') return undefined
  const backend = tf.backend() as unknown as WasmBackend
  const isAlone = backend.dataIdMap.has(tensor.dataId) && backend.refCount(tensor.dataId) === 1
  return isAlone ? new TensorMemory(heapOf(backend), tensor) : undefined
}
