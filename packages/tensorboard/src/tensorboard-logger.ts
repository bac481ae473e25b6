import { join } from 'node:path'
import {
  type Awaitable,
  type LogPoint,
  ScalarLogger,
  type ScalarLoggerOptions,
  type StateTree,
  type TensorRef,
  type TrainerHandle,
  type TrainerState,
} from '@trainyard/core'
import type { SummaryWriter, WriterState } from '@trainyard/tensorboard-plugin-writer'
import { flatConfig } from './flat-config.ts'
import { fail, wholeNumber } from './options.ts'
import { TensorLogs, type TensorLogsOptions } from './tensor-logs.ts'
import { GradientLogs, writeWeights } from './weight-logs.ts'

export interface TensorboardLoggerOptions<Read extends string | TensorRef>
  extends ScalarLoggerOptions<Read>, TensorLogsOptions {
  /** Logs images, sound and distributions at every so many steps. Default: `stepFreq`. */
  tensorFreq?: number
  /** The distribution of each of the module's weights. Default: false. */
  logWeights?: boolean
  /** The distribution of each weight's gradient; for modules that can be watched, as those of `@trainyard/tfjs`. Default: false. */
  logGradients?: boolean
  /** The configuration of the run, for the page HPARAMS; nested parts become `optimizer.lr`. */
  hparams?: object
  /** Logs what else you want, at every `stepFreq` steps. */
  logMore?: (writer: SummaryWriter, state: TrainerState, trainer: TrainerHandle) => Awaitable<void>
  /** Stands in messages and checkpoints; two loggers in one run need two. Default: `TensorboardLogger`. */
  name?: string
}

/**
 * Writes the run for TensorBoard: loss and learning rate every 100 steps, epochs done and the seconds that each took, and the `val_*` metrics. In a run of
 * several processes only rank zero writes.
 *
 * A run that is resumed goes on in its directory, and what was logged after the checkpoint is cut off: each point is there once.
 */
export class TensorboardLogger<const Read extends string | TensorRef = 'loss'> extends ScalarLogger<Read> {
  override readonly name: string
  override readonly stepEndEvery: number
  readonly #writer: SummaryWriter
  readonly #options: TensorboardLoggerOptions<Read>
  readonly #tensorFreq: number
  readonly #tensors: TensorLogs
  readonly #gradients = new GradientLogs()
  /** Whether there is more to do at a step than scalars. */
  readonly #hasMore: boolean
  #areNamesChecked = false
  #areHparamsWritten = false
  /** What a checkpoint said, until the run goes on. */
  #restored: WriterState | undefined
  #isOpen = false
  #hasFailed = false

  /** @param writer Where to write; stays the caller's, who may add more, and may close it after the run. */
  constructor(writer: SummaryWriter, options: TensorboardLoggerOptions<Read> = {}) {
    super(options)
    if (typeof writer?.addScalar !== 'function')
      fail('the first argument must be a SummaryWriter: new TensorboardLogger(new SummaryWriter(directory))')
    const { tensorFreq = this.stepFreq, hparams, logMore, name = 'TensorboardLogger' } = options
    wholeNumber('tensorFreq', tensorFreq, 1)
    if (hparams !== undefined && (typeof hparams !== 'object' || hparams === null))
      fail(`\`hparams\` must be an object such as { lr: 0.1 }, not ${String(hparams)}`)
    if (logMore !== undefined && typeof logMore !== 'function')
      fail('`logMore` must be a function such as (writer, state) => writer.addScalar(…)')
    this.name = name
    this.#writer = writer
    this.#options = options
    this.#tensorFreq = tensorFreq
    this.#tensors = new TensorLogs(options)
    const { logWeights, logGradients } = options
    this.#hasMore = Boolean(logMore || logWeights || logGradients || this.#tensors.areWanted)
    // Names of tensors are looked up at the first step.
    this.stepEndEvery = this.#hasMore ? 1 : this.stepFreq
  }

  /** Writes to `<directory>/tensorboard`, unless the writer has a directory of its own. */
  override useDirectory(directory: string): void {
    this.#writer.useLogDir(join(directory, 'tensorboard'))
  }

  /** Cuts off what was logged after the checkpoint. */
  override onResume(state: TrainerState): void {
    if (this.#restored && !state.globalRank) {
      this.#writer.updateState(this.#restored)
      this.#isOpen = true
    }
    this.#restored = undefined
  }

  override onActionStart(state: TrainerState, trainer: TrainerHandle): void {
    this.#areNamesChecked = false
    this.#hasFailed = false
    if (state.action !== 'train' || state.globalRank) return
    // Without a state of its own it does not know what is in the directory: TensorBoard must not mix that with this run.
    this.#writer.open(this.#isOpen ? undefined : state.step === 0 ? 0 : state.step + 1)
    this.#isOpen = true
    const { hparams, logGradients } = this.#options
    if (hparams && !this.#areHparamsWritten) this.#writer.addHparams(flatConfig(hparams))
    this.#areHparamsWritten = true
    if (logGradients) this.#gradients.start(trainer, (step) => step % this.#tensorFreq === 0)
  }

  override readsAt({ step }: TrainerState): boolean {
    return step % this.stepFreq === 0
  }

  override onStepEnd(state: TrainerState, trainer: TrainerHandle): Awaitable<void> {
    const scalars = super.onStepEnd(state, trainer)
    return this.#hasMore && !state.globalRank ? this.#logMore(state, trainer) : scalars
  }

  #logMore(state: TrainerState, trainer: TrainerHandle): Awaitable<void> {
    if (!this.#areNamesChecked) {
      this.#tensors.check(state)
      this.#areNamesChecked = true
    }
    const { step } = state
    const isTensorStep = step % this.#tensorFreq === 0
    if (step % this.stepFreq === 0 || isTensorStep) return this.#writeMore(state, trainer, isTensorStep)
  }

  async #writeMore(state: TrainerState, trainer: TrainerHandle, isTensorStep: boolean): Promise<void> {
    const { logWeights, logMore } = this.#options
    const writer = this.#writer
    if (isTensorStep) {
      await this.#tensors.write(state, writer)
      await this.#gradients.write(state.step, writer)
      if (logWeights) await writeWeights(trainer, writer)
    }
    if (logMore && state.step % this.stepFreq === 0) await logMore(writer, state, trainer)
  }

  override onException(): void {
    this.#hasFailed = true
  }

  override onActionEnd(state: TrainerState, trainer: TrainerHandle): void {
    this.#gradients.stop()
    if (state.action !== 'train' || state.globalRank) return
    // TensorBoard believes the first end that it sees, so a run that may go on gets none.
    const mayGoOn = this.#hasFailed || ['signal', 'maxTime'].includes(trainer.stopRequest?.reason ?? '')
    if (this.#options.hparams && !mayGoOn) this.#writer.addRunEnd('success')
    this.#writer.flush()
  }

  /** Makes what was logged safe on the disk, and gives the sizes of the files. */
  override getState(): StateTree {
    if (!this.#isOpen && !this.#restored) return null
    return {
      writer: { ...(this.#restored ?? this.#writer.getState()) },
      areHparamsWritten: this.#areHparamsWritten,
    }
  }

  override updateState(state: StateTree): void {
    const kept = state as { writer: WriterState; areHparamsWritten: boolean } | null
    this.#restored = kept?.writer
    this.#areHparamsWritten = kept?.areHparamsWritten ?? false
  }

  protected override logScalars(scalars: ReadonlyMap<string, number>, { step }: LogPoint): void {
    for (const [name, value] of scalars) this.#writer.addScalar(name, value, step)
  }
}
