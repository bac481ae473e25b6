import type { Awaitable } from './awaitable.ts'
import { Callback } from './callback.ts'
import { check, wholeNumber } from './options.ts'
import { isValidationName } from './scalar-reads.ts'
import type { TrainerState } from './state.ts'
import { nameOfRef, type TensorRef } from './tensor-ref.ts'
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
  override readonly stepEndEvery: number
  readonly stepFreq: number
  readonly #options: ScalarLoggerOptions<Read>
  #epochStart = 0

  constructor(options: ScalarLoggerOptions<Read> = {}) {
    super()
    const { tensorsToLog = ['loss'] as unknown as readonly Read[], stepFreq = 100 } = options
    const isList = Array.isArray(tensorsToLog)
    check(isList, 'tensorsToLog', 'a list of names or tensor references', tensorsToLog)
    wholeNumber('stepFreq', stepFreq, 1)
    this.reads = tensorsToLog as readonly (Extract<NoInfer<Read>, string> | TensorRef)[]
    this.stepFreq = stepFreq
    // A subclass with `readsAt` may log at other steps besides.
    this.stepEndEvery = this.readsAt ? 1 : stepFreq
    this.#options = options
  }

  /** Writes scalars, in the order in which they are to be shown. */
  protected abstract logScalars(
    scalars: ReadonlyMap<string, number>,
    at: LogPoint,
    trainer: TrainerHandle,
  ): Awaitable<void>

  override onEpochStart(_state: TrainerState, trainer: TrainerHandle): void {
    this.#epochStart = trainer.host.now()
  }

  override onStepEnd(state: TrainerState, trainer: TrainerHandle): Awaitable<void> {
    if (state.step % this.stepFreq && !this.readsAt?.(state)) return
    const { logLearningRate = true } = this.#options
    const { metrics, optimizers } = state
    const scalars = new Map<string, number>()
    const add = (name: string, value: number | undefined): unknown =>
      value !== undefined && scalars.set(name, value)
    for (const ref of this.reads) add(nameOfRef(ref), metrics.get(nameOfRef(ref)))
    if (logLearningRate) add('learning_rate', optimizers[0]?.learningRate)
    return this.#log(scalars, 'step', state, trainer)
  }

  override onValidationEnd(state: TrainerState, trainer: TrainerHandle): Awaitable<void> {
    const { logValidation = true } = this.#options
    if (!logValidation) return
    const scalars = [...state.metrics].filter(([name]) => isValidationName(name))
    return this.#log(new Map(scalars), 'validation', state, trainer)
  }

  override onEpochEnd(state: TrainerState, trainer: TrainerHandle): Awaitable<void> {
    const { logEpochs = true } = this.#options
    if (!logEpochs) return
    const scalars = new Map([
      ['epoch', state.epoch],
      ['epoch_time', (trainer.host.now() - this.#epochStart) / 1000],
    ])
    return this.#log(scalars, 'epoch', state, trainer)
  }

  /** Writes the numbers that there are, if any. */
  #log(
    scalars: ReadonlyMap<string, number>,
    kind: LogPoint['kind'],
    { step, epoch, globalRank }: TrainerState,
    trainer: TrainerHandle,
  ): Awaitable<void> {
    if (!globalRank && scalars.size) return this.logScalars(scalars, { step, epoch, kind }, trainer)
  }
}
