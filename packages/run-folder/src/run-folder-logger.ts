import {
  type LogPoint,
  ScalarLogger,
  type ScalarLoggerOptions,
  type StateRecord,
  type TensorRef,
  type TrainerHandle,
  type TrainerState,
} from '@trainyard/core'
import type { MetricsPosition } from './metrics/run-metrics.ts'
import { openRunIn } from './run/open-runs-of-process.ts'
import type { Run } from './run/run.ts'

/** Which file the rows of each kind go to. */
const logNames = { step: 'train', validation: 'val', epoch: 'epoch' } as const satisfies Record<
  LogPoint['kind'],
  string
>

/** What it keeps in checkpoints. */
interface Kept {
  readonly runId: string
  readonly position: MetricsPosition
}

/**
 * Logs a training run into the run folder that the trainer was set up with: `metrics/train.json` gets `tensorsToLog` and whatever else is in
 * `state.metrics`, every `stepFreq` steps, `metrics/val.json` the `val_*` metrics, `metrics/epoch.json` the time that each epoch took. Rows have `step`,
 * `epoch` and `time` (seconds since 1970). A run that goes on from a checkpoint has each row once.
 */
export class RunFolderLogger<const Read extends string | TensorRef = 'loss'> extends ScalarLogger<Read> {
  override readonly name = 'RunFolderLogger'
  #directory: string | undefined
  #run: Run | undefined
  #kept: Kept | undefined

  constructor(options: ScalarLoggerOptions<Read> = {}) {
    super(options)
  }

  override useDirectory(directory: string): void {
    this.#directory = directory
  }

  override onActionStart(state: TrainerState, trainer: TrainerHandle): void {
    if (state.globalRank || state.action !== 'train') return
    const run = openRunIn(this.#directory, this.name)
    run.noteError(undefined)
    const kept = this.#kept
    this.#kept = undefined
    const isFirst = run !== this.#run
    this.#run = run
    if (kept?.runId === run.runId) {
      const short = run.rewind(kept.position)
      if (short.length > 0)
        trainer.host.warn(
          `[run-folder] the metrics ${short.join(', ')} in "${run.logDir}" are shorter than the checkpoint says: rows are missing`,
        )
    } else if (isFirst && run.isResumed) {
      const cut = run.rewindToStep(Object.values(logNames), state.step)
      if (cut.length > 0)
        trainer.host.warn(
          `[run-folder] the training goes on from step ${state.step}, without a checkpoint of the run "${run.logDir}": later rows of ${cut.join(', ')} are gone`,
        )
    }
  }

  override onException(_state: TrainerState, error: Error): void {
    this.#run?.noteError(error)
  }

  override getState(): StateRecord {
    return this.#run ? { runId: this.#run.runId, position: this.#run.position() } : {}
  }

  override updateState(state: StateRecord): void {
    if ('runId' in state) this.#kept = state as unknown as Kept
  }

  protected override logScalars(
    scalars: ReadonlyMap<string, number>,
    { step, epoch, kind }: LogPoint,
    { state }: TrainerHandle,
  ): void {
    const others = kind === 'step' ? [...state.metrics].filter(([name]) => !name.startsWith('val_')) : []
    const row = {
      step,
      epoch,
      time: Date.now() / 1000,
      ...Object.fromEntries(scalars),
      ...Object.fromEntries(others),
    }
    this.#run?.logMetrics(row, logNames[kind])
  }
}
