/**
 * The training loop, with each event in its place. This is the contract; `training-loop.ts` is its code.
 *
 * ```text
 * load: the checkpointer's, or what AutoResume chose → trainer, module, strategy, callbacks → <onResume>   if there is anything
 * <onActionStart>
 * while epoch < maxEpochs and not done:      done = step ≥ maxSteps, maxTime over, or a stop asked for; looked at only BETWEEN steps
 *   <onEpochStart>                           fires again when a resume enters an epoch in its middle (batch > 0)
 *   for each batch from (epoch, batch) on:
 *     if it is the first of a step:  <onStepStart>
 *     <onBatchStart>
 *       module.trainBatch(batch)             forward + backward; gradients accumulate
 *       state.tensors := its named outputs, `loss` among them;  state.batch += 1
 *     <onBatchEnd>
 *     if batchesPerStep batches are in, or this was the epoch's last:
 *       module.optimizerStep();  state.step += 1
 *       scalars that somebody reads at this step → state.metrics            one read for all of them
 *       <onStepEnd>
 *       validation, if due by steps:  <onValidationStart> … <onValidationEnd>         state.metrics gets val_*
 *       <onSavePoint>                        unless it was the epoch's last
 *       if done: leave the epoch
 *     state.tensors freed and emptied
 *   if the epoch is over:
 *     state.epoch += 1;  state.batch = 0
 *     validation, if due by epochs (the default)
 *     <onEpochEnd>  <onSavePoint>  checkpointer.save(checkpoint, state.epoch)
 * last <onSavePoint>  checkpointer.save(checkpoint, state.epoch, true)  checkpointer.saveModel(moduleState, state.epoch)
 * <onActionEnd>
 * ```
 *
 * `onBatchEnd`, `onStepEnd` and `onEpochEnd` mean *completed*: an epoch cut short by a stop gets no `onEpochEnd` and no count. A
 * signal ends a validation between two batches: `state.isValidationDue`, no `onValidationEnd`, its epoch does not count as over, and a run resumed
 * from there begins with it. After an error, `onException` and `onActionEnd` run for every callback whose `onActionStart` was entered. `evaluate()` and `predict()` fire action and batch events.
 *
 * @module
 */
import type { Awaitable } from './awaitable.ts'
import type { SavedCheckpoint } from './checkpointer.ts'
import type { TrainerState } from './state.ts'
import type { AnyOutputs, Outputs } from './tensor.ts'
import type { TrainerHandle } from './trainer-handle.ts'

/**
 * Every event, as the method that a callback may have. A package adds its own by merging into this interface, and fires it with `trainer.emit()`.
 * A handler that returns a promise is awaited; any other return value is ignored.
 */
export interface EventHandlers<O extends Outputs = AnyOutputs> {
  /** After a checkpoint was loaded, before anything else: `state.step` is where the run goes on. */
  onResume?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** Once, before the first epoch (of `train()`), or the first batch (of `evaluate()` and `predict()`). */
  onActionStart?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** Before the first batch of an epoch, and when a resume enters one in its middle. */
  onEpochStart?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** Before the first batch of a step. */
  onStepStart?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** Before a batch is computed. */
  onBatchStart?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** After a batch: `state.tensors` holds its outputs. */
  onBatchEnd?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** After an update: `state.step` counts it, `state.metrics` has the scalars read at it. */
  onStepEnd?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** Before a pass over the validation set. */
  onValidationStart?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** After it: `state.metrics` has `val_loss` and the others, means over the whole set. */
  onValidationEnd?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** When everything about the step or epoch is known, validation too: the place to save. */
  onSavePoint?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** After a completed epoch and its validation: `state.epoch` counts it. */
  onEpochEnd?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
  /** When a checkpoint is durable. Fired by whoever saves. */
  onCheckpoint?(state: TrainerState<O>, saved: SavedCheckpoint, trainer: TrainerHandle): Awaitable<unknown>
  /** After an error, before `onActionEnd`. */
  onException?(state: TrainerState<O>, error: Error, trainer: TrainerHandle): Awaitable<unknown>
  /** Last, however the action ends. */
  onActionEnd?(state: TrainerState<O>, trainer: TrainerHandle): Awaitable<unknown>
}

export type EventName = keyof EventHandlers & string

/** The function that handles an event. */
export type Handler<E extends EventName, O extends Outputs = AnyOutputs> = NonNullable<EventHandlers<O>[E]>

/** What an event passes between the state and the trainer: nothing, for most. */
export type EventDetail<E extends EventName> =
  Parameters<Handler<E>> extends [unknown, infer Detail, TrainerHandle] ? [detail: Detail] : []
