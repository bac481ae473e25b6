import * as tf from '@tensorflow/tfjs'
import type { WasmBackend } from './backend.ts'
import { heapOf } from './heap.ts'

/**
 * Views a float32 tensor where it is in the memory of the WASM backend, without a copy, in the tensor's order. Gives nothing for tensors of other types or
 * backends.
 *
 * The view is for reading at once: it dies when the memory grows, which any new tensor can bring about.
 */
export function viewOf(tensor: tf.TensorInfo): Float32Array | undefined {
  if (tensor.dtype !== 'float32' || tf.getBackend() !== 'wasm') return undefined
  const backend = tf.backend() as unknown as WasmBackend
  return backend.dataIdMap.has(tensor.dataId) ? heapOf(backend).float32(tensor) : undefined
}
