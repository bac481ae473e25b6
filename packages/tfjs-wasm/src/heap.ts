/* oxlint-disable no-underscore-dangle -- The compiler that made the module put them there. */
import * as tf from '@tensorflow/tfjs'

import { guardAllocation } from './allocation.ts'
import type { TensorData, WasmBackend } from './backend.ts'

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
  readonly #shapes: number
  /** Rows of the matrix that a tensor was when the matrix product first packed it; see `multiply`. */
  readonly #packedRows = new WeakMap<TensorData, number>()
  /** What the running kernel has made and not disposed yet. */
  readonly #open: tf.DataId[] = []

  constructor(backend: WasmBackend) {
    this.backend = backend
    this.#shapes = backend.wasm._malloc(6 * Int32Array.BYTES_PER_ELEMENT) >>> 0
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

  bytes(x: tf.TensorInfo): Uint8Array {
    return new Uint8Array(this.#buffer, this.#data(x).memoryOffset, tf.util.sizeFromShape(x.shape))
  }

  /** Views any tensor as integers of its width, to move values without a look at them. */
  words(x: tf.TensorInfo): Uint32Array | Uint8Array {
    if (x.dtype === 'bool') return this.bytes(x)
    return new Uint32Array(this.#buffer, this.#data(x).memoryOffset, tf.util.sizeFromShape(x.shape))
  }

  /**
   * Computes out = a·b for row-major matrices of `rows` × `inner` and `inner` × `columns`; with `pieces`, one
   * product for each, on the matrices that begin at these elements of a, b and out.
   *
   * Each goes to XNNPACK as a fully connected layer, which packs b and keeps it packed under the id of the
   * tensor. A piece of a tensor is given an id of its own for that, and so is a tensor that comes again in another
   * shape: the packed copy does not remember its shape.
   */
  multiply(
    a: tf.TensorInfo,
    b: tf.TensorInfo,
    out: tf.TensorInfo,
    size: MatrixSize,
    pieces?: Iterable<Piece>,
  ): void {
    const { rows, inner, columns } = size
    const [left, right, result] = [this.#data(a), this.#data(b), this.#data(out)]
    if (!pieces && this.packs(b, inner)) return this.#product(left.id, right.id, result.id, size)
    for (const [aStart, bStart, outStart] of pieces ?? [whole]) {
      const aId = this.#alias(left.memoryOffset + 4 * aStart, rows * inner)
      const bId = this.#alias(right.memoryOffset + 4 * bStart, inner * columns)
      const outId = this.#alias(result.memoryOffset + 4 * outStart, rows * columns)
      this.#product(aId, bId, outId, size)
      for (const id of [aId, bId, outId]) this.backend.wasm.tfjs.disposeData(id)
    }
  }

  /** Notes that `b` is about to be packed as a matrix of `rows`; false if it already is, with another number. */
  packs(b: tf.TensorInfo, rows: number): boolean {
    const data = this.#data(b)
    const packed = this.#packedRows.get(data)
    if (packed === undefined) this.#packedRows.set(data, rows)
    return packed === undefined || packed === rows
  }

  /** Transposes each of `batch` row-major matrices of `rows` × `columns`. */
  transposeMatrices(x: tf.TensorInfo, batch: number, rows: number, columns: number): tf.TensorInfo {
    const out = this.make([batch, columns, rows], x.dtype)
    if (batch === 0 || rows === 0 || columns === 0) return out
    const dtype = x.dtype === 'int32' ? 1 : 0
    const [from, to] = [this.#data(x).id, this.#data(out).id]
    if (batch === 1) {
      const [shape, perm] = this.#threes([rows, columns, 0], [1, 0, 0])
      this.backend.wasm._Transpose(from, shape, 2, dtype, to, perm, 2)
    } else {
      const [shape, perm] = this.#threes([batch, rows, columns], [0, 2, 1])
      this.backend.wasm._Transpose(from, shape, 3, dtype, to, perm, 3)
    }
    return out
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

  #product(a: number, b: number, out: number, { rows, inner, columns }: MatrixSize): void {
    const [aShape, bShape] = this.#threes([1, rows, inner], [1, inner, columns])
    this.backend.wasm._BatchMatMul(a, aShape, 3, b, bShape, 3, 0, 0, out)
  }

  /** Registers a piece of memory as a tensor, without copying it. */
  #alias(address: number, size: number): number {
    const id = this.backend.dataIdNextNumber++
    this.backend.wasm.tfjs.registerTensor(id, size, address)
    return id
  }

  /** Writes two triples where C++ can read them; gives their addresses. */
  #threes(first: Triple, second: Triple): [number, number] {
    const view = new Int32Array(this.#buffer, this.#shapes, 6)
    view.set(first)
    view.set(second, 3)
    return [this.#shapes, this.#shapes + 12]
  }
}

type Triple = readonly [number, number, number]

/** A product of a `rows` × `inner` and an `inner` × `columns` matrix. */
export interface MatrixSize {
  readonly rows: number
  readonly inner: number
  readonly columns: number
}

/** Where matrices begin in a, b and out, in elements. */
export type Piece = readonly [a: number, b: number, out: number]

const whole: Piece = [0, 0, 0]
