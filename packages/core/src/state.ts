import type { Optimizer } from './module.ts'
import type { AnyOutputs, Outputs } from './tensor.ts'
import type { TrainingState } from './training-state.ts'

/** What the trainer is doing. */
export type Action = 'train' | 'eval' | 'infer'

/**
 * The one object that a run shares with its callbacks: a dictionary, so `state.step` and `state['step']` are the same thing. Keys that a callback
 * adds stay for the whole run; a package declares its own by merging into this interface.
 */
export interface TrainerState<O extends Outputs = AnyOutputs> {
  readonly action: Action
  /** Updates done. During `onStepEnd` of the first step it is 1. */
  readonly step: number
  /** Epochs done. */
  readonly epoch: number
  /** Batches done in the epoch under way. */
  readonly batch: number
  /** Validations done. */
  readonly validations: number
  /** Whether a signal cut the validation of this step or epoch short: the next run begins with it. What is saved meanwhile has no score yet. */
  readonly isValidationDue: boolean
  /** Whether the batch in hand is the epoch's last; so at `onStepEnd`, whether the epoch is over. */
  readonly isLastBatch: boolean
  /** This process's rank on its machine; null in a single-process run. */
  readonly localRank: number | null
  /** This process's rank among all; null in a single-process run. */
  readonly globalRank: number | null
  readonly worldSize: number
  /** Most runs have one. */
  readonly optimizers: readonly Optimizer[]
  /** The outputs of the batch in hand. */
  readonly tensors: TrainingState<O>
  /** The latest value of every scalar that was read: what `monitor` looks at. */
  readonly metrics: Map<string, number>
  /** Asks the run to stop. The step in flight ends, its save point runs, and `train()` returns with the reason. */
  requestStop(reason: string): void
}

/** Where a run is: the numbers that a checkpoint keeps. */
export interface Progress {
  step: number
  epoch: number
  batch: number
  /** Batches done in the epoch when the last step was: what a checkpoint keeps, for the gradients of an unfinished step are not in it. */
  stepBatch: number
  validations: number
  isValidationDue: boolean
}

/** The loop's side of the state. */
export interface RunState extends TrainerState {
  action: Action
  isLastBatch: boolean
}

/**
 * The state of a run; the counters that callbacks see follow the loop's own, and cannot be written.
 * A class, because engines keep an object with getters of its own in a slow form.
 */
export class LoopState {
  readonly #progress: Readonly<Progress>

  constructor(
    progress: Readonly<Progress>,
    fixed: Pick<
      TrainerState,
      'localRank' | 'globalRank' | 'worldSize' | 'optimizers' | 'tensors' | 'requestStop'
    >,
  ) {
    this.#progress = progress
    Object.assign(this, { action: 'train', isLastBatch: false, metrics: new Map(), ...fixed })
  }

  get step(): number {
    return this.#progress.step
  }

  get epoch(): number {
    return this.#progress.epoch
  }

  get batch(): number {
    return this.#progress.batch
  }

  get validations(): number {
    return this.#progress.validations
  }

  get isValidationDue(): boolean {
    return this.#progress.isValidationDue
  }
}
