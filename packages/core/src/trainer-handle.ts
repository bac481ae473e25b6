import type { Checkpoint, ResumeSource } from './checkpointer.ts'
import type { Callback } from './callback.ts'
import type { EventDetail, EventName } from './events.ts'
import type { Host } from './host.ts'
import type { TrainingModule } from './module.ts'
import type { TrainerState } from './state.ts'
import type { StopRequest } from './stop.ts'
import type { Strategy } from './strategy.ts'

/** What a callback sees of its trainer. */
export interface TrainerHandle {
  readonly module: TrainingModule<never>
  readonly strategy: Strategy
  readonly state: TrainerState
  readonly callbacks: readonly Callback<string>[]
  readonly host: Host
  readonly maxEpochs: number | undefined
  readonly maxSteps: number | undefined
  /** Who wants the run to stop, and why; at `onActionEnd`, whether it was cut short. */
  readonly stopRequest: StopRequest | undefined
  /** Updates that the whole run will have, as far as the limits and the loader tell. */
  readonly totalSteps: number | undefined
  /** Updates an epoch, where the loader tells. */
  readonly stepsPerEpoch: number | undefined
  /** Where the files of this run go; set by a run folder, or by hand. Callbacks that have `useDirectory` are told when the run starts. */
  logDirectory: string | undefined
  /** What the next run goes on from, if it finds something. */
  resumeFrom: ResumeSource | undefined
  /** Adds a callback, in its place among the others; only before the first run. */
  addCallback(callback: Callback<string>): void
  getState(): Promise<Checkpoint>
  updateState(checkpoint: Checkpoint): Promise<void>
  /** Fires an event on all callbacks. */
  emit<E extends EventName>(event: E, ...detail: EventDetail<E>): Promise<void>
}
