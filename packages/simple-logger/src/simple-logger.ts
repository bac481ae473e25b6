import {
  type LogPoint,
  ScalarLogger,
  type ScalarLoggerOptions,
  type TensorRef,
  type TrainerHandle,
  type TrainerState,
} from '@trainyard/core'
import { numberWidth, scalarsText } from './number-text.ts'
import { wholeNumber } from './options.ts'
import { RunSummary } from './run-summary.ts'
import { durationText } from './time-text.ts'

export interface SimpleLoggerOptions<Read extends string | TensorRef> extends ScalarLoggerOptions<Read> {
  /**
   * The learning rate of the first optimizer, beside the scalars. Default: false, since most runs never
   * change it.
   */
  logLearningRate?: boolean
  /**
   * How the run ended, after how many steps and how long; for `evaluate()` and `predict()`, too. Default:
   * true.
   */
  logEnd?: boolean
  /** Significant digits of a number. Default: 4. */
  digits?: number
}

/**
 * Prints the training loss, or any scalars, every 100 steps and at the last step of the run; the `val_*`
 * metrics after each validation; a line after each epoch and at the end. The lines go through
 * `trainer.host.print`: to the console, unless the trainer has a host of its own.
 */
export class SimpleLogger<const Read extends string | TensorRef = 'loss'> extends ScalarLogger<Read> {
  readonly #digits: number
  readonly #logEnd: boolean
  readonly #summary = new RunSummary()
  #maxSteps: number | undefined
  #maxEpochs: number | undefined

  constructor(options: SimpleLoggerOptions<Read> = {}) {
    const { digits = 4, logEnd = true, logLearningRate = false } = options
    wholeNumber('digits', digits, 1, 17)
    super({ ...options, logLearningRate })
    this.#digits = digits
    this.#logEnd = logEnd
  }

  /**
   * Reads every `stepFreq` steps, and at the step that is known to be the run's last: a short run prints
   * its loss, too.
   */
  override readsAt(state: TrainerState): boolean {
    const isLast = state.step === this.#maxSteps || (state.isLastBatch && state.epoch + 1 === this.#maxEpochs)
    return isLast || state.step % this.stepFreq === 0
  }

  override onActionStart(state: TrainerState, trainer: TrainerHandle): void {
    this.#maxSteps = trainer.maxSteps
    this.#maxEpochs = trainer.maxEpochs
    this.#summary.start(state, trainer)
  }

  override onException(): void {
    this.#summary.fail()
  }

  override onActionEnd(state: TrainerState, trainer: TrainerHandle): void {
    if (this.#logEnd && !state.globalRank) trainer.host.print(this.#summary.line(state, trainer))
  }

  protected override logScalars(
    scalars: ReadonlyMap<string, number>,
    { step, epoch, kind }: LogPoint,
    trainer: TrainerHandle,
  ): void {
    const { host, maxEpochs = 0, totalSteps } = trainer
    if (kind === 'epoch')
      return host.print(`epoch ${epoch} done in ${durationText(scalars.get('epoch_time')! * 1000)}`)
    const row = scalarsText(scalars, this.#digits, numberWidth(this.#digits))
    // Where nobody knows how many steps there will be, six digits keep the columns of most runs.
    const stepText = String(step).padStart(totalSteps === undefined ? 6 : String(totalSteps).length)
    const epochText = kind === 'step' ? `  epoch ${String(epoch + 1).padStart(String(maxEpochs).length)}` : ''
    host.print(`step ${stepText}${epochText}  ${row}`)
  }
}
