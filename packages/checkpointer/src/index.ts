/**
 * Checkpoints that a pulled plug cannot spoil: a folder of safetensors and JSON that is there whole or not at all, and is verified when it is read.
 *
 * ```ts
 * import { latestCheckpoint, readCheckpoint, writeCheckpoint } from '@trainyard/checkpointer'
 *
 * await writeCheckpoint('checkpoints/step=300', await trainer.getState(), { info: { scores: { val_loss: 0.08 } } })
 *
 * const latest = await latestCheckpoint('checkpoints')
 * if (latest.status === 'found')
 *   await trainer.updateState((await readCheckpoint(latest.checkpoint.path)).checkpoint)
 * ```
 *
 * @module
 */

// Checkpoints
export { writeCheckpoint, type WriteCheckpointOptions } from './write-checkpoint.ts'
export type { CheckpointInfo } from './prepare-checkpoint.ts'
export {
  type LoadedCheckpoint,
  readCheckpoint,
  type ReadCheckpointOptions,
  type Verdict,
  verifyCheckpoint,
} from './read-checkpoint.ts'
export type { Manifest } from './manifest.ts'
export { DamagedCheckpointError } from './errors.ts'

// Folders of checkpoints
export {
  type CheckpointEntry,
  type CompleteCheckpoint,
  type DamagedCheckpoint,
  latestCheckpoint,
  type LatestCheckpoint,
  listCheckpoints,
} from './list-checkpoints.ts'
export { type NotDeleted, removeCheckpoint } from './remove-checkpoint.ts'
export { linkLast, type LinkOptions } from './link-last.ts'
export { sweepUnfinished, type SweepOptions } from './sweep-unfinished.ts'

// Saving in the loop, or behind it
export { createSaver, type SavedJob, type SaveJob, type Saver, type SaverOptions } from './saver.ts'

// Checkpointers
export { AbstractCheckpointer } from './abstract-checkpointer.ts'
export { DefaultCheckpointer, type DefaultCheckpointerOptions } from './default-checkpointer.ts'

// safetensors
export type { Dtype } from './safetensors/dtypes.ts'
export type { TensorInfo } from './safetensors/header.ts'
export type { Tensor } from './safetensors/parts.ts'
export { writeSafetensors, type WriteSafetensorsOptions } from './safetensors/write.ts'
export {
  openSafetensors,
  readSafetensors,
  type ReadSafetensorsOptions,
  type ReadTensor,
  type SafetensorsFile,
} from './safetensors/read.ts'

// Trees of JSON values and typed arrays
export { decodeTree, encodeTree, type PlaceTensor, type TensorPlace } from './tree-codec.ts'

// File systems
export {
  type FileKind,
  type FileSystem,
  type FileSystemModule,
  nodeFiles,
  type OpenFile,
} from './file-system.ts'
