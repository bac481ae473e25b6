/**
 * The training loop, the state and the callbacks of Trainyard; everything else plugs into it.
 *
 * ```ts
 * import { onStepEnd, every, Trainer } from '@trainyard/core'
 *
 * const print = onStepEnd(every(100)((state) => console.log(state.step)))
 * const trainer = new Trainer({ module, data, maxEpochs: 3, callbacks: [print] })
 * await trainer.train()
 * ```
 *
 * @module
 */
export { Trainer, type TrainerOptions, type TrainResult } from './trainer.ts'
export type { ValidateEvery } from './training-loop.ts'
export type { StopReason, StopRequest } from './stop.ts'
export type { Duration } from './options.ts'

// Callbacks
export { Callback } from './callback.ts'
export type { EventDetail, EventHandlers, EventName, Handler } from './events.ts'
export {
  eventDecorator,
  type EventDecorator,
  onActionEnd,
  onActionStart,
  onBatchEnd,
  onBatchStart,
  onCheckpoint,
  onEpochEnd,
  onEpochStart,
  onException,
  onResume,
  onSavePoint,
  onStepEnd,
  onStepStart,
  onValidationEnd,
  onValidationStart,
} from './decorators.ts'
export { after, every, type Filter, onRankZero } from './filters.ts'
export { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.ts'
export { type LogPoint, ScalarLogger, type ScalarLoggerOptions } from './scalar-logger.ts'
export type { TrainerHandle } from './trainer-handle.ts'

// State
export type { Action, TrainerState } from './state.ts'
export type { TrainingState } from './training-state.ts'
export { type TensorRef, TensorRefs, type UniqueName } from './tensor-ref.ts'

// What plugs in
export type {
  BatchContext,
  BatchResult,
  ModuleState,
  NonFinitePolicy,
  Optimizer,
  StateRecord,
  StateTree,
  StepContext,
  StepResult,
  TrainingModule,
} from './module.ts'
export type { DataLoader, DataSource, Shard } from './data-loader.ts'
export { single, type Strategy } from './strategy.ts'
export type { Checkpoint, Checkpointer, ResumeSource, SavedCheckpoint } from './checkpointer.ts'
export { defaultHost, type Host } from './host.ts'
export { type Awaitable, isPromise } from './awaitable.ts'
export type {
  AnyOutputs,
  HostTensor,
  MetricName,
  Outputs,
  TensorHandle,
  TensorLike,
  TensorName,
  TypedArray,
} from './tensor.ts'
