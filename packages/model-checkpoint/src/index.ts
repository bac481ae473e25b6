/**
 * When to save, what to keep, and where to go on: `ModelCheckpoint`, `AutoResume`, `CheckpointCallback`.
 *
 * ```ts
 * import { AutoResume, ModelCheckpoint } from '@trainyard/model-checkpoint'
 *
 * const saver = new ModelCheckpoint({ dirpath: 'checkpoints', monitor: 'val_loss', saveTopK: 3 })
 * const trainer = new Trainer({ module, data, validate, maxEpochs: 10, callbacks: [saver] })
 * new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true }).setup(trainer)
 * await trainer.train()
 * ```
 *
 * @module
 */
export { ModelCheckpoint, type ModelCheckpointOptions } from './model-checkpoint.ts'
export { AutoResume, type AutoResumeOptions, type RestoreConfig } from './auto-resume.ts'
export { CheckpointCallback, type CheckpointCallbackOptions } from './checkpoint-callback.ts'

// The parts, for savers of one's own
export { CheckpointStore, type CheckpointStoreOptions, type SaveRequest } from './checkpoint-store.ts'
export { atEnd, everyEpochs, everySteps, everyTime, everyValidation, type When, whenAny } from './when.ts'
export type { SavePoint } from './save-point.ts'
export { type Keep, keepAll, keepAny, keepBest, keepNewest, type Saved } from './keep.ts'
export { fillName } from './file-name.ts'

// Weights from elsewhere
export { readTfjsWeights } from './weights/tfjs-model.ts'
export { type FoundWeights, readWeights } from './weights/read-weights.ts'
export {
  type FitOptions,
  fitWeights,
  type HostWeight,
  type WeightNames,
  type Weights,
} from './weights/weights.ts'
