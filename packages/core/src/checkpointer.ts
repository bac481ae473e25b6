import type { Awaitable } from './awaitable.ts'
import type { ModuleState, StateRecord, StateTree } from './module.ts'

/** Everything that a run needs to go on: `await trainer.getState()`. A subclass of `Trainer` may add keys of its own. */
export interface Checkpoint {
  module?: ModuleState
  trainer?: StateRecord
  strategy?: StateRecord
  /** By the callbacks' names. */
  callbacks?: { readonly [name: string]: StateTree }
  [key: string]: StateTree | undefined
}

/** Saves and loads checkpoints when the trainer says so; after PyMarlin's. `@trainyard/checkpointer` has one for files. */
export interface Checkpointer {
  readonly name?: string
  /** Called after every epoch, with the number of epochs done, and once more at the end with `force`. Rank zero only. */
  save(checkpoint: Checkpoint, index: number, force?: boolean): Awaitable<unknown>
  /** Called at the end, with the module's state alone. Rank zero only. */
  saveModel?(state: ModuleState, index: number): Awaitable<unknown>
  /** Called once, before anything else; nothing or an empty checkpoint means a new start. */
  load(): Awaitable<Checkpoint | undefined>
}

/** Where a run may go on from, besides the checkpointer: what `AutoResume` hands to the trainer. */
export interface ResumeSource {
  readonly name: string
  load(): Awaitable<Checkpoint | undefined>
}

/** What `onCheckpoint` tells: a checkpoint is on disk for good. */
export interface SavedCheckpoint {
  readonly path: string
  readonly step: number
}
