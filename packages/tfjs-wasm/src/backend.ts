import type * as tf from '@tensorflow/tfjs'

/**
 * The internals of the WASM backend of TensorFlow.js 4.22.0 that this package relies on. They are not part of
 * its public types; everything else here goes through `Heap`.
 */
export interface WasmBackend {
  wasm: WasmModule
  /** Ids of tensors in the C++ registry are handed out by counting. */
  dataIdNextNumber: number
  dataIdMap: { get(dataId: tf.DataId): TensorData }
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo
  incRef(dataId: tf.DataId): void
  disposeData(dataId: tf.DataId): boolean
}

/** What the backend keeps for a tensor: its id in the C++ registry, and where its values are. */
export interface TensorData {
  readonly id: number
  readonly memoryOffset: number
}

/** The compiled module: its linear memory, its allocator, and the kernels that are called directly. */
export interface WasmModule {
  /** A view of the whole memory; another one after each growth. */
  readonly HEAPU8: Uint8Array
  _malloc(bytes: number): number
  _free(address: number): void
  /** C = A·B on ids of the registry; shapes are addresses of three 32-bit numbers. */
  _BatchMatMul(
    a: number,
    aShape: number,
    aRank: number,
    b: number,
    bShape: number,
    bRank: number,
    transposeA: number,
    transposeB: number,
    out: number,
  ): void
  /** `dtype` is 0 for float32 and 1 for int32. */
  _Transpose(
    x: number,
    shape: number,
    rank: number,
    dtype: number,
    out: number,
    perm: number,
    permLength: number,
  ): void
  readonly tfjs: {
    registerTensor(id: number, size: number, address: number): void
    disposeData(id: number): void
  }
}
