import type { Awaitable } from './awaitable.ts'
import type { Checkpoint } from './checkpointer.ts'
import type { EventHandlers } from './events.ts'
import type { StateTree } from './module.ts'
import type { TrainerState } from './state.ts'
import type { AnyOutputs, Outputs } from './tensor.ts'
import type { TensorRef } from './tensor-ref.ts'
import type { TrainerHandle } from './trainer-handle.ts'

// The class below takes its members from this interface: all are optional, so any object with some of them is a callback.
/* oxlint-disable typescript/no-unsafe-declaration-merging, typescript/no-extraneous-class, no-unused-vars */
/**
 * A callback: any object with some of the events as methods. `Reads` are the names of the numbers that it wants, as literal types: the trainer's
 * compiler check holds them against the module's outputs.
 */
export interface Callback<
  Reads extends string = never,
  O extends Outputs = AnyOutputs,
> extends EventHandlers<O> {
  /** Stands in error messages, and is the key of its state in a checkpoint. Default: the name of the class. */
  readonly name?: string
  /** `post`: runs after the others, as loggers do. Otherwise callbacks run in the order of the list. */
  readonly enforce?: 'post'
  /** Calls `onStepEnd` at every so many steps. Default: 1. */
  readonly stepEndEvery?: number
  /** Numbers to read into `state.metrics` before each `onStepEnd`, by name or reference. */
  readonly reads?: readonly (Reads | TensorRef)[]
  /** Reads them at some of these steps only. Must not depend on the rank. */
  readsAt?(state: TrainerState): boolean
  /** Told at the start of a run that has a directory for its files. */
  useDirectory?(directory: string): void
  /** Asked before anything else in the first run of a trainer: what to go on from, if there is anything. */
  load?(trainer: TrainerHandle): Awaitable<Checkpoint | undefined>
  /** Gives what has to survive a stop; kept in checkpoints under `name`. */
  getState?(): Awaitable<StateTree>
  updateState?(state: StateTree): Awaitable<void>
}

/**
 * The base of callbacks that are classes: `class StepTimer extends Callback { onStepEnd(state: TrainerState) { … } }`. A plain object does as well;
 * only method decorators need the class.
 */
export class Callback<Reads extends string = never, O extends Outputs = AnyOutputs> {}

/** The name by which messages and checkpoints call a callback. */
export function nameOf(callback: Callback<string>): string {
  return callback.name ?? (callback.constructor === Object ? 'callback' : callback.constructor.name)
}
