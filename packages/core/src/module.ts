import type { Awaitable } from './awaitable.ts'
import type { EventName } from './events.ts'
import type { Strategy } from './strategy.ts'
import type { AnyOutputs, Outputs, TensorLike, TensorName, TypedArray } from './tensor.ts'
import type { TensorRef } from './tensor-ref.ts'

/** What can be kept: JSON values and typed arrays, in a tree. */
export type StateTree =
  | null
  | boolean
  | number
  | string
  | TypedArray
  | readonly StateTree[]
  | { readonly [key: string]: StateTree }

/** The state of a module or callback: host copies, nothing that lives on a device. */
export interface StateRecord {
  readonly [key: string]: StateTree
}

/** What a module keeps: weights, optimizer slots, counters. */
export type ModuleState = StateRecord

/** What the core and the loggers see of an optimizer. */
export interface Optimizer {
  readonly name?: string
  /** The rate of the last update, or the one set since; setting it replaces the schedule's base rate. */
  learningRate: number
}

/** Where in the run a batch stands; together with a seed it keys everything random in the batch. */
export interface BatchContext {
  /** Updates done before this batch. */
  readonly step: number
  readonly epoch: number
  /** Batches done in the epoch before this one. */
  readonly batch: number
  /** 0 in a single-process run. */
  readonly rank: number
}

/** What a batch gave. */
export interface BatchResult<O> {
  /** Named outputs; the loop owns them and frees them. */
  readonly outputs: O
  /** How many examples the batch held on this rank: its weight in every mean. */
  readonly examples: number
}

/** What to do with an update whose loss or gradients are not finite: end the run, leave the weights as they are, or apply it all the same. */
export type NonFinitePolicy = 'throw' | 'skip' | 'apply'

/** What a module is told when it has to make an update. */
export interface StepContext {
  /** Updates done before this one. */
  readonly step: number
  readonly epoch: number
  /** Batches accumulated on this rank. */
  readonly batches: number
  /** Examples accumulated on this rank. */
  readonly examples: number
  /** Whether this rank wants to stop after the step. */
  readonly stop: boolean
  readonly nonFinite: NonFinitePolicy
  /** Reduces the gradients over ranks; flags travel in the same buffer. */
  readonly strategy: Strategy
}

/** What an update gave, the same on every rank. */
export interface StepResult {
  /** Whether any rank wants to stop. */
  readonly stop: boolean
  /** Whether any rank's loss or gradients were NaN or infinite. Unless the policy is `apply`, the module has then changed nothing. */
  readonly nonFinite: boolean
  /**
   * What all scalar outputs of the step are on average, over its batches and ranks, by name, if they went along with the gradients. Without them the loop reads
   * what callbacks want, which takes a reduction of its own.
   */
  readonly means?: ReadonlyMap<string, number> | undefined
}

/**
 * The model, its losses and its optimizers, as the loop drives them. `@trainyard/tfjs` makes one of a TensorFlow.js model; anything that has these
 * methods is one.
 */
export interface TrainingModule<Batch = unknown, O extends Outputs = AnyOutputs> {
  readonly optimizers: readonly Optimizer[]
  /** Runs forward and backward; gradients accumulate until `optimizerStep`, each batch weighted by its examples. */
  trainBatch(batch: Batch, context: BatchContext): Awaitable<BatchResult<O>>
  /** Averages the gradients over examples and ranks, clips, applies, resets. A single-process module may return nothing. */
  optimizerStep(context: StepContext): Awaitable<StepResult | void>
  /** Runs forward for validation and `evaluate()`: no dropout, no gradients. */
  evalBatch?(batch: Batch, context: BatchContext): Awaitable<BatchResult<O>>
  /** Runs forward for `predict()`, where there may be no targets. */
  predictBatch?(batch: Batch, context: BatchContext): Awaitable<BatchResult<Partial<O>>>
  /** Gives the reference to an output, the same one at each call. */
  tensor(name: TensorName<O>): TensorRef
  /** Reads scalars in one go, in the order given; synchronously where the backend can. Without it each is read by its own `data()`. */
  readScalars?(values: readonly TensorLike[]): Awaitable<ArrayLike<number>>
  /** Lets the module watch over callbacks, for example for tensors that they leak. Called once a handler, before the run. */
  wrapHandler?(
    handler: (...args: never[]) => unknown,
    owner: { callback: string; event: EventName },
  ): (...args: never[]) => unknown
  /** Forgets the gradients of a step that will not be finished, after an error. */
  dropGradients?(): void
  getState(): Awaitable<ModuleState>
  updateState(state: ModuleState): Awaitable<void>
}
