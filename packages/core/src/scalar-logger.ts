import type { Awaitable } from './awaitable.ts'
import { Callback } from './callback.ts'
import { fail } from './errors.ts'
import { wholeNumber } from './options.ts'
import type { TrainerState } from './state.ts'
import type { TensorRef } from './tensor-ref.ts'
import type { TrainerHandle } from './trainer-handle.ts'

export interface ScalarLoggerOptions<Read extends string | TensorRef> {
  /** Scalars to log, by name or reference. Default: `['loss']`. */
  tensorsToLog?: readonly Read[]
  /** Logs them at every so many steps. Default: 100. */
  stepFreq?: number
  /** The learning rate of the first optimizer, beside them. Default: true. */
  logLearningRate?: boolean
  /** Epochs done and the seconds that the last one took, after each. Default: true. */
  logEpochs?: boolean
  /** The `val_*` metrics after each validation. Default: true. */
  logValidation?: boolean
}

/** Where logged scalars stand in the run. */
export interface LogPoint {
  readonly step: number
  readonly epoch: number
  /** What they are about. */
  readonly kind: 'step' | 'validation' | 'epoch'
}

/**
 * The base of loggers: it knows what is due when, a subclass writes it. Besides `tensorsToLog` it logs `learning_rate`, `epoch`, `epoch_time` (seconds)
 * and the `val_*` metrics. In a run of several processes only rank zero writes.
 */
export abstract class ScalarLogger<const Read extends string | TensorRef = 'loss'> extends Callback<
  Extract<NoInfer<Read>, string>
> {
  override readonly enforce = 'post'
  override readonly reads: readonly (Extract<NoInfer<Read>, string> | TensorRef)[]
  readonly stepFreq: number
  readonly #learningRate: boolean
  readonly #epochs: boolean
  readonly #validation: boolean
  #epochStart = 0

  constructor(options: ScalarLoggerOptions<Read> = {}) {
    super()
    const { tensorsToLog = ['loss'] as unknown as readonly Read[], stepFreq = 100 } = options
    if (!Array.isArray(tensorsToLog)) fail('`tensorsToLog` must be a list of names or tensor references')
    wholeNumber('stepFreq', stepFreq, 1)
    this.reads = tensorsToLog as readonly (Extract<NoInfer<Read>, string> | TensorRef)[]
    this.stepFreq = stepFreq
    this.#learningRate = options.logLearningRate ?? true
    this.#epochs = options.logEpochs ?? true
    this.#validation = options.logValidation ?? true
  }

  /** Writes scalars, in the order in which they are to be shown. */
  protected abstract logScalars(
    scalars: ReadonlyMap<string, number>,
    at: LogPoint,
    trainer: TrainerHandle,
  ): Awaitable<void>

  override readsAt(state: TrainerState): boolean {
    return state.step % this.stepFreq === 0
  }

  override onEpochStart(_state: TrainerState, trainer: TrainerHandle): void {
    this.#epochStart = trainer.host.now()
  }

  override onStepEnd(state: TrainerState, trainer: TrainerHandle): Awaitable<void> {
    if (!this.readsAt(state)) return
    const scalars = new Map<string, number>()
    for (const read of this.reads) {
      const name = typeof read === 'string' ? read : read.name
      const value = state.metrics.get(name)
      if (value !== undefined) scalars.set(name, value)
    }
    const rate = state.optimizers[0]?.learningRate
    if (this.#learningRate && rate !== undefined) scalars.set('learning_rate', rate)
    return this.#log(scalars, 'step', state, trainer)
  }

  override onValidationEnd(state: TrainerState, trainer: TrainerHandle): Awaitable<void> {
    if (!this.#validation) return
    return this.#log(
      new Map([...state.metrics].filter(([name]) => name.startsWith('val_'))),
      'validation',
      state,
      trainer,
    )
  }

  override onEpochEnd(state: TrainerState, trainer: TrainerHandle): Awaitable<void> {
    if (!this.#epochs) return
    const seconds = (trainer.host.now() - this.#epochStart) / 1000
    return this.#log(
      new Map([
        ['epoch', state.epoch],
        ['epoch_time', seconds],
      ]),
      'epoch',
      state,
      trainer,
    )
  }

  #log(
    scalars: ReadonlyMap<string, number>,
    kind: LogPoint['kind'],
    state: TrainerState,
    trainer: TrainerHandle,
  ): Awaitable<void> {
    if (state.globalRank || scalars.size === 0) return
    return this.logScalars(scalars, { step: state.step, epoch: state.epoch, kind }, trainer)
  }
}
