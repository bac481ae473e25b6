import type * as tf from '@tensorflow/tfjs'

/**
 * The internals of the WASM backend of TensorFlow.js 4.22.0 that this package relies on. They are not part of
 * its public types; everything else here goes through `Heap`.
 */
export interface WasmBackend {
  wasm: WasmModule
  dataIdMap: { get(dataId: tf.DataId): TensorData; has(dataId: tf.DataId): boolean }
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo
  incRef(dataId: tf.DataId): void
  /** How many tensors share the values. */
  refCount(dataId: tf.DataId): number
  disposeData(dataId: tf.DataId): boolean
}

/** What the backend keeps for a tensor. */
export interface TensorData {
  /** The address of its values. */
  readonly memoryOffset: number
}

/** A `WebAssembly.Memory`. */
export interface LinearMemory {
  readonly buffer: ArrayBufferLike
}

/** The compiled module: its linear memory and its allocator. */
export interface WasmModule {
  /** A view of the whole memory; another one after each growth. */
  readonly HEAPU8: Uint8Array
  readonly asm: { readonly memory: LinearMemory }
  _malloc(bytes: number): number
  _free(address: number): void
}
