import { Callback, type TensorRef, type TrainerHandle, type TrainerState } from '@trainyard/core'
import type { Display } from './display.ts'
import { LiveDisplay } from './live-display.ts'
import { namedScalars, validationScalars } from './named-scalars.ts'
import { countText, scalarsText } from './number-text.ts'
import { fail, wholeNumber } from './options.ts'
import { canRedraw, type OutputStream, standardOutput } from './output-stream.ts'
import { Pace } from './pace.ts'
import { PlainDisplay } from './plain-display.ts'
import { RunSummary } from './run-summary.ts'
import { epochText, type Span, spanAt } from './span.ts'
import { batchStatus, joined, trainStatus } from './status-text.ts'
import { durationText, leftText } from './time-text.ts'

export interface ProgressBarOptions<Read extends string | TensorRef> {
  /** Scalars to show, by name or reference. Default: `['loss']`. */
  tensorsToLog?: readonly Read[]
  /**
   * Reads them at every so many steps, at the first step and at each epoch's last: reading a number makes
   * the device wait. Default: 10.
   */
  stepFreq?: number
  /** Where nothing can be redrawn: the least time between two lines about an epoch under way. Default: 30. */
  secondsPerLine?: number
  /** Significant digits of a number. Default: 4. */
  digits?: number
  /** Default: `process.stdout`, where there is one; else plain lines go through `trainer.host.print`. */
  stream?: OutputStream
  /**
   * Redraws one line, or writes plain ones. Default: whether it is a terminal and the variable `CI` not
   * set.
   */
  live?: boolean
}

/** After so many lines about epochs only some more are printed: a run may have thousands of short ones. */
const manyLines = 100

/**
 * Shows how far a run is: epoch, bar, steps, speed, time left and loss, in one line of the terminal that is
 * redrawn ten times a second at most; and a line that stays after each epoch. Where the output is no
 * terminal it writes plain lines, few of them.
 */
export class ProgressBar<const Read extends string | TensorRef = 'loss'> extends Callback<
  Extract<NoInfer<Read>, string>
> {
  override readonly enforce = 'post'
  override readonly reads: readonly (Extract<NoInfer<Read>, string> | TensorRef)[]
  readonly #stepFreq: number
  readonly #msPerLine: number
  readonly #digits: number
  readonly #stream: OutputStream | undefined
  readonly #live: boolean
  readonly #summary = new RunSummary()
  readonly #pace = new Pace()
  /** Absent on ranks above zero. */
  #display: Display | undefined
  #span: Span = { from: 0, total: undefined, of: 'run' }
  #epochStart = { at: 0, step: 0 }
  #validation = { at: 0, took: Infinity, ofEpoch: false }
  #lines = 0
  #lastLineAt = 0
  /** The line that was left out last: if nothing comes after it, it is printed at the end. */
  #leftOut: string | undefined

  constructor(options: ProgressBarOptions<Read> = {}) {
    super()
    const {
      tensorsToLog = ['loss'] as unknown as readonly Read[],
      stepFreq = 10,
      secondsPerLine = 30,
      digits = 4,
      stream = standardOutput(),
    } = options
    if (!Array.isArray(tensorsToLog)) fail('`tensorsToLog` must be a list of names or tensor references')
    wholeNumber('stepFreq', stepFreq, 1)
    wholeNumber('digits', digits, 1, 17)
    if (!(secondsPerLine > 0)) fail(`\`secondsPerLine\` must be a number above 0, not ${secondsPerLine}`)
    if (stream !== undefined && typeof stream?.write !== 'function')
      fail('`stream` must have a method write(text), as process.stdout has')
    this.reads = tensorsToLog as readonly (Extract<NoInfer<Read>, string> | TensorRef)[]
    this.#stepFreq = stepFreq
    this.#msPerLine = secondsPerLine * 1000
    this.#digits = digits
    this.#stream = stream
    this.#live = stream !== undefined && (options.live ?? canRedraw(stream))
  }

  /**
   * Goes by steps alone: all ranks have to read at the same ones, whatever their clocks and terminals say.
   */
  override readsAt({ step, isLastBatch }: TrainerState): boolean {
    return step % this.#stepFreq === 0 || step === 1 || isLastBatch
  }

  override onActionStart(state: TrainerState, trainer: TrainerHandle): void {
    this.#display = state.globalRank ? undefined : this.#openDisplay(trainer)
    this.#summary.start(state, trainer)
    this.#pace.restart()
    this.#lines = 0
    this.#leftOut = undefined
  }

  override onEpochStart(state: TrainerState, trainer: TrainerHandle): void {
    this.#span = spanAt(state, trainer)
    this.#epochStart = { at: trainer.host.now(), step: state.step }
    this.#validation.ofEpoch = false
  }

  override onStepEnd(state: TrainerState, trainer: TrainerHandle): void {
    this.#tick(state, trainer)
  }

  override onBatchEnd(state: TrainerState, trainer: TrainerHandle): void {
    if (state.action !== 'train') this.#tick(state, trainer)
  }

  override onValidationStart(state: TrainerState, trainer: TrainerHandle): void {
    const now = trainer.host.now()
    this.#pace.pause(now)
    this.#validation.at = now
    // A quick validation in each of many quick epochs is not worth a redraw of its own.
    if (this.#validation.took > 100) this.#display?.showNote(`${epochText(state, trainer)}  validating`, now)
  }

  override onValidationEnd(state: TrainerState, trainer: TrainerHandle): void {
    const now = trainer.host.now()
    this.#pace.goOn(now)
    const ofEpoch = state.batch === 0
    this.#validation = { at: this.#validation.at, took: now - this.#validation.at, ofEpoch }
    if (!ofEpoch)
      this.#print(
        `${epochText(state, trainer)}  step ${state.step}  ${this.#scalars(validationScalars(state))}`,
        now,
      )
  }

  override onEpochEnd(state: TrainerState, trainer: TrainerHandle): void {
    const now = trainer.host.now()
    const steps = countText(state.step - this.#epochStart.step, 'step')
    const scalars = [
      ...namedScalars(this.reads, state),
      ...(this.#validation.ofEpoch ? validationScalars(state) : []),
    ]
    this.#print(
      joined(
        epochText(state, trainer),
        `${steps} in ${durationText(now - this.#epochStart.at)}`,
        this.#scalars(scalars),
        this.#runLeft(state, trainer),
      ),
      now,
    )
  }

  override onException(): void {
    this.#summary.fail()
  }

  override onActionEnd(state: TrainerState, trainer: TrainerHandle): void {
    const display = this.#display
    if (!display) return
    const now = trainer.host.now()
    if (this.#leftOut) display.print(this.#leftOut, now)
    const isTraining = state.action === 'train'
    const isDone = this.#summary.outcome(trainer) === 'done'
    // After an ordinary end, the line of the last epoch has said it all.
    if (!(isTraining && isDone && state.batch === 0 && this.#summary.steps(state) > 0)) {
      const scalars = isTraining ? this.#scalars(namedScalars(this.reads, state)) : ''
      display.print(joined(this.#summary.line(state, trainer), scalars), now)
    }
    display.close()
    this.#display = undefined
  }

  #openDisplay({ host }: TrainerHandle): Display {
    const stream = this.#stream
    const write = (line: string): unknown => (stream ? stream.write(`${line}\n`) : host.print(line))
    const display = stream && this.#live ? new LiveDisplay(stream) : new PlainDisplay(write, this.#msPerLine)
    display.open(host.now())
    return display
  }

  #tick(state: TrainerState, trainer: TrainerHandle): void {
    const display = this.#display
    if (!display) return
    const now = trainer.host.now()
    this.#pace.tick(now)
    if (!display.isDue(now, state.isLastBatch)) return
    const status =
      state.action === 'train'
        ? trainStatus(state, trainer, this.#span, this.#pace, this.#scalars(namedScalars(this.reads, state)))
        : batchStatus(state, this.#pace)
    display.showStatus(status, now)
  }

  /** Estimates the rest of the run from this process's own steps, validation and saving included. */
  #runLeft(state: TrainerState, trainer: TrainerHandle): string {
    const steps = this.#summary.steps(state)
    const left = (trainer.totalSteps ?? 0) - state.step
    return left > 0 && steps > 0 ? leftText((this.#summary.elapsed(trainer) / steps) * left) : ''
  }

  #scalars(scalars: [string, number][]): string {
    return scalarsText(scalars, this.#digits)
  }

  #print(line: string, now: number): void {
    const isOneTooMany = this.#lines >= manyLines && now - this.#lastLineAt < this.#msPerLine
    this.#leftOut = isOneTooMany ? line : undefined
    if (isOneTooMany) return
    this.#lines += 1
    this.#lastLineAt = now
    this.#display?.print(line, now)
  }
}
