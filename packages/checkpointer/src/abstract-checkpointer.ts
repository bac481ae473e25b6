import type { Awaitable, Checkpoint, Checkpointer, ModuleState } from '@trainyard/core'

/** What a checkpointer of one's own extends: it decides when, where and how to save, and what to load. */
export abstract class AbstractCheckpointer implements Checkpointer {
  /** Called after every epoch, whatever the options, with the number of epochs done; and once more at the end with `force`. */
  abstract save(checkpoint: Checkpoint, index: number, force?: boolean): Awaitable<unknown>

  /** Called at the end with the module's state alone; does nothing unless it is overridden. */
  saveModel(_state: ModuleState, _index: number): Awaitable<unknown> {
    return undefined
  }

  /** Called once, before anything else; nothing or an empty checkpoint means a new start. */
  abstract load(): Awaitable<Checkpoint | undefined>
}
