import { type FileSystem, readCheckpoint, readSafetensors, type ReadTensor } from '@trainyard/checkpointer'
import type { ModuleState, StateRecord } from '@trainyard/core'
import { fail } from '../errors.ts'
import { fromBrainFloats, fromHalf } from './half.ts'
import { readTfjsWeights } from './tfjs-model.ts'
import type { HostWeight, Weights } from './weights.ts'

/** What was found at a path: weights, and the rest of a module's state where it is a checkpoint. */
export interface FoundWeights {
  readonly weights: Weights
  readonly module: ModuleState | undefined
}

/**
 * Reads weights from a `.safetensors` file, from a `model.json` of TensorFlow.js, or from a checkpoint's folder.
 * @throws if the path is none of these, or the file is damaged.
 */
export async function readWeights(path: string, files?: FileSystem): Promise<FoundWeights> {
  if (path.endsWith('.json')) return { weights: await readTfjsWeights(path), module: undefined }
  if (path.endsWith('.safetensors')) {
    const { tensors } = await readSafetensors(path, { files })
    const entries = Array.from(tensors, ([name, tensor]): [string, HostWeight] => [
      name,
      toWeight(path, name, tensor),
    ])
    return { weights: Object.fromEntries(entries), module: undefined }
  }
  const { checkpoint } = await readCheckpoint(path, { files })
  const weights = checkpoint.module?.['weights'] as StateRecord | undefined
  if (!weights) return fail(`checkpoint "${path}" has no weights by name`)
  return { weights: weights as unknown as Weights, module: checkpoint.module }
}

/** Widens the types that JavaScript has no arrays of. */
function toWeight(path: string, name: string, { dtype, shape, data }: ReadTensor): HostWeight {
  if (dtype === 'F16') return { shape, data: Float32Array.from(data as Uint16Array, fromHalf) }
  if (dtype === 'BF16') return { shape, data: fromBrainFloats(data as Uint16Array) }
  if (dtype.startsWith('F8_'))
    return fail(`"${path}": tensor "${name}" is of type ${dtype}, which cannot be read as weights`)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return { shape, data: Float64Array.from(data, Number) }
  return { shape, data }
}
