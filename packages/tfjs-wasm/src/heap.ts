import * as tf from '@tensorflow/tfjs'

import { guardAllocation } from './allocation.ts'
import type { TensorData, WasmBackend } from './backend.ts'
import { instantiateLoops } from './simd/instantiate.ts'
import type { Loops } from './simd/loops.ts'

/** Named inputs and attributes of a kernel, as the registry of TensorFlow.js passes them. */
export type Inputs = tf.NamedTensorInfoMap
export type Attrs = tf.NamedAttrMap

const heaps = new WeakMap<object, Heap>()

/** Gives the heap of a backend: always the same object for the same backend. */
export function heapOf(backend: unknown): Heap {
  const key = backend as WasmBackend
  let heap = heaps.get(key)
  if (!heap) {
    guardAllocation(key.wasm)
    heap = new Heap(key)
    heaps.set(key, heap)
  }
  return heap
}

/**
 * What a kernel may do with the memory of the backend: make and dispose tensors, look at their values, and call
 * other kernels.
 *
 * Views (`float32`, `int32`, `words`) are into the linear memory. They die when it grows, which any allocation
 * can bring about: make all tensors first, then take the views.
 */
export class Heap {
  readonly backend: WasmBackend
  /** Loops over the memory that are quicker than those of JavaScript; they take addresses. */
  readonly loops: Loops
  /** What the running kernel has made and not disposed yet. */
  readonly #open: tf.DataId[] = []

  constructor(backend: WasmBackend) {
    this.backend = backend
    this.loops = instantiateLoops(backend.wasm.asm.memory)
  }

  /** Computes a kernel; if it throws, nothing that it has made remains. */
  scope<T>(compute: () => T): T {
    const start = this.#open.length
    try {
      return compute()
    } catch (error) {
      for (const dataId of this.#open.splice(start)) this.backend.disposeData(dataId)
      throw error
    } finally {
      this.#open.length = start
    }
  }

  /** Makes a tensor whose values are whatever was in the memory before. */
  make(shape: readonly number[], dtype: tf.DataType = 'float32'): tf.TensorInfo {
    return this.#opened(this.backend.makeOutput([...shape], dtype))
  }

  /** Gives another shape to the same values. Dispose it like any other tensor. */
  reshape(x: tf.TensorInfo, shape: readonly number[]): tf.TensorInfo {
    this.backend.incRef(x.dataId)
    return this.#opened({ dataId: x.dataId, shape: [...shape], dtype: x.dtype })
  }

  dispose(...tensors: tf.TensorInfo[]): void {
    for (const { dataId } of tensors) {
      this.backend.disposeData(dataId)
      const opened = this.#open.lastIndexOf(dataId)
      if (opened >= 0) this.#open.splice(opened, 1)
    }
  }

  /** Runs the kernel that is registered under this name, with results that the caller disposes. */
  run(name: string, inputs: Inputs, attrs: Attrs = {}): tf.TensorInfo {
    const kernel = tf.getKernel(name, 'wasm').kernelFunc
    return this.#opened(kernel({ inputs, attrs, backend: this.backend }) as tf.TensorInfo)
  }

  /** Gives the address of a tensor's values. Unlike a view it stays good when the memory grows. */
  address(x: tf.TensorInfo): number {
    return this.#data(x).memoryOffset
  }

  float32(x: tf.TensorInfo): Float32Array {
    return new Float32Array(this.#buffer, this.#data(x).memoryOffset, tf.util.sizeFromShape(x.shape))
  }

  int32(x: tf.TensorInfo): Int32Array {
    return new Int32Array(this.#buffer, this.#data(x).memoryOffset, tf.util.sizeFromShape(x.shape))
  }

  /** Views a tensor of floats or integers as what it is. */
  numbers(x: tf.TensorInfo): Float32Array | Int32Array {
    return x.dtype === 'int32' ? this.int32(x) : this.float32(x)
  }

  /** Views the memory of two floats each as doubles. */
  doubles(x: tf.TensorInfo): Float64Array {
    return new Float64Array(this.#buffer, this.address(x), tf.util.sizeFromShape(x.shape) / 2)
  }

  bytes(x: tf.TensorInfo): Uint8Array {
    return new Uint8Array(this.#buffer, this.#data(x).memoryOffset, tf.util.sizeFromShape(x.shape))
  }

  /** Views any tensor as integers of its width, to move values without a look at them. */
  words(x: tf.TensorInfo): Uint32Array | Uint8Array {
    if (x.dtype === 'bool') return this.bytes(x)
    return new Uint32Array(this.#buffer, this.#data(x).memoryOffset, tf.util.sizeFromShape(x.shape))
  }

  #opened(x: tf.TensorInfo): tf.TensorInfo {
    this.#open.push(x.dataId)
    return x
  }

  get #buffer(): ArrayBufferLike {
    return this.backend.wasm.HEAPU8.buffer
  }

  #data(x: tf.TensorInfo): TensorData {
    return this.backend.dataIdMap.get(x.dataId)
  }
}
