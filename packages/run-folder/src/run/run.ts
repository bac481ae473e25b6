import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { Checkpoint, StateTree, TrainerHandle } from '@trainyard/core'
import type { Artifact } from '../artifacts/artifact.ts'
import { saveArtifact } from '../artifacts/save-artifact.ts'
import { CheckpointFiles } from '../artifacts/checkpoint-files.ts'
import { fail, messageOf } from '../errors.ts'
import type { MetricRow } from '../metrics/row-text.ts'
import { type MetricsPosition, RunMetrics } from '../metrics/run-metrics.ts'
import { isRecord, type PlainRecord, plainCopy, sameTree } from '../plain-tree.ts'
import { replaceFile } from '../replace-file.ts'
import { readYaml, yamlText } from '../yaml.ts'
import { Claim } from './claim.ts'
import { addOpenRun, isInterrupted, removeOpenRun } from './open-runs-of-process.ts'
import { endInfo, newInfo, resumeInfo, type RunStatus } from './run-info.ts'
import { teeToFile } from './tee-to-file.ts'

export interface RunOptions {
  /** What the run was given; kept in `metadata/config.yaml`. A run that goes on keeps its first one. */
  readonly config?: Readonly<Record<string, unknown>> | undefined
  /** Words to find the run by. */
  readonly tags?: readonly string[] | undefined
  /** Writes what is printed to `log.stdout` and `log.stderr`, too. Default: false. */
  readonly logStreamsToFile?: boolean | undefined
  /** Writes a run that another process seems to be writing. Default: false. */
  readonly takeOver?: boolean | undefined
}

/** How a run is opened; not for programs. */
export interface OpenRun extends RunOptions {
  readonly logId: number | string
  /** What `metadata/mlxpy.yaml` says. */
  readonly settings: PlainRecord
  /** Runs when nobody else can write the run any more, before anything in it is read or written. */
  readonly prepare?: (() => void) | undefined
}

/**
 * A run's folder, for writing. It is made by a `RunLogger` or an `ExperimentLogger`; made again in a folder that has a run, it goes on with that one.
 * The process's end, by an error or a signal too, is written down by itself.
 */
export class Run {
  /** The run's folder, absolute. */
  readonly logDir: string
  /** Names the run, also when its folder is moved. */
  readonly runId: string
  /** Whether the folder had a run already. */
  readonly isResumed: boolean
  /** The config of the run's first start. */
  readonly config: PlainRecord
  readonly #claim: Claim
  readonly #metrics: RunMetrics
  readonly #checkpoints: CheckpointFiles
  readonly #whenFinished: ((error: unknown) => void)[] = []
  #info: PlainRecord
  #rewindTo: MetricsPosition | undefined
  #hasLogged = false
  #rowsUntilLook = 0
  #isFinished = false
  #error: unknown

  constructor(directory: string, options: OpenRun) {
    const { logId, settings, tags = [], logStreamsToFile = false, takeOver, prepare } = options
    this.logDir = resolve(directory)
    const config = plainCopy('the `config`', options.config ?? {}) as PlainRecord
    mkdirSync(this.logDir, { recursive: true })
    this.#claim = new Claim(this.logDir, takeOver)
    try {
      prepare?.()
      const now = new Date()
      mkdirSync(this.#path('metadata'), { recursive: true })
      const before = this.#read('info')
      this.isResumed = before !== undefined
      this.config = this.#read('config') ?? config
      this.runId = String(before?.['run_id'] ?? randomUUID())
      this.#info = before
        ? resumed(before, { config, first: this.config, runId: this.runId }, now)
        : newInfo(this.logDir, logId, this.runId, now)
      this.#writeInfo({ status: 'STARTING' })
      if (!existsSync(this.#yaml('config'))) this.#write('config', config)
      if (!existsSync(this.#yaml('mlxpy'))) this.#write('mlxpy', settings)
      if (tags.length > 0) this.#write('meta', { ...this.#read('meta'), tags: [...tags] })
      this.#metrics = new RunMetrics(this.#path('metrics'))
      mkdirSync(this.#path('artifacts'), { recursive: true })
      this.#checkpoints = new CheckpointFiles(this.#path('artifacts', 'Checkpoint'))
      if (logStreamsToFile)
        for (const name of ['stdout', 'stderr'] as const) this.tee([name], this.#path(`log.${name}`))
      this.#writeInfo({ status: 'RUNNING' })
    } catch (error) {
      this.#claim.release()
      throw error
    }
    addOpenRun(this)
  }

  /** What `metadata/info.yaml` says. */
  get info(): PlainRecord {
    return this.#info
  }

  /** Changes what `metadata/info.yaml` says. */
  updateInfo(changes: PlainRecord): void {
    this.#open()
    this.#writeInfo(plainCopy('the `info`', changes) as PlainRecord)
  }

  /**
   * Appends a row of numbers to `metrics/<logName>.json`. Once it returns, no end of the process loses the row.
   * @throws if another process has taken the run over, or the disk is full.
   */
  logMetrics(row: MetricRow, logName: string): void {
    if (this.#rowsUntilLook-- <= 0) this.#settle()
    this.#hasLogged = true
    this.#metrics.append(logName, row)
  }

  /** Writes an artifact to `artifacts/<type>/<name><extension>`, whole or not at all, and gives its path. One of that name is replaced. */
  async logArtifact(artifact: Artifact, name: string): Promise<string> {
    this.#open()
    return saveArtifact(this.#path('artifacts'), artifact, name)
  }

  /**
   * Saves JSON values and typed arrays in one file, `artifacts/Checkpoint/<name>.safetensors`, durably: a kill at any moment leaves this one or the one
   * before. The arrays must not change meanwhile. Gives the path.
   */
  async logCheckpoint(tree: StateTree | Checkpoint, name = 'last_ckpt'): Promise<string> {
    this.#settle()
    this.#hasLogged = true
    this.#metrics.flush()
    return this.#checkpoints.save(name, tree, this.#metrics.position())
  }

  /**
   * Gives what was saved, of the type that you know it has; undefined if nothing was yet. In a run that goes on, the next row is appended to what
   * there was when it was saved, unless rows have been logged already: none is there twice.
   * @param options.rewind Whether to go back like that. Default: true. Set it to false to look at a checkpoint and go on from elsewhere.
   * @throws if the checkpoint is damaged, or, without a `name`, if there are only others.
   */
  async loadCheckpoint<Tree = StateTree>(
    name?: string,
    { rewind = true }: { rewind?: boolean } = {},
  ): Promise<Tree | undefined> {
    const loaded = await this.#checkpoints.load(name)
    if (loaded && rewind && this.isResumed && !this.#hasLogged) {
      this.#rewindTo = loaded.position
      this.#rowsUntilLook = 0
    }
    return loaded?.tree as Tree | undefined
  }

  /** Tells a trainer that its files go into this run's folder, and so all of its callbacks that have files. */
  setup(trainer: Pick<TrainerHandle, 'logDirectory'>): void {
    trainer.logDirectory = this.logDir
  }

  /** Waits until all rows survive a power loss, and gives how long the files are. */
  position(): MetricsPosition {
    // A trainer may be asked for its state after the run, too.
    if (!this.#isFinished) this.#settle()
    this.#metrics.flush()
    return this.#metrics.position()
  }

  /** Cuts the metrics back to a position; gives the names of files that are shorter than that, so that rows are missing. */
  rewind(position: MetricsPosition): string[] {
    this.#open()
    this.#rewindTo = undefined
    return this.#metrics.rewind(position)
  }

  /** Cuts metrics back to their last rows that are not past a step. */
  rewindToStep(logNames: readonly string[], step: number): void {
    this.#open()
    this.#metrics.rewindToStep(logNames, step)
  }

  /** Appends what is printed to a file, too, until the run ends. */
  tee(streams: readonly ('stdout' | 'stderr')[], path: string): void {
    this.whenFinished(teeToFile(streams, path))
  }

  /** Calls a function when the run ends, the last one first, with the error if it fails. */
  whenFinished(listener: (error: unknown) => void): void {
    this.#whenFinished.push(listener)
  }

  /** Remembers an error by which the run fails unless it is said otherwise; undefined takes that back. */
  noteError(error: unknown): void {
    this.#error = error
  }

  /**
   * Ends the run; the second time nothing happens. What ends without this is ended by the end of the process.
   * @param status Default: FAILED after an error that was noted, INTERRUPTED after a signal, else COMPLETE.
   */
  finish(status?: RunStatus, error: unknown = this.#error): void {
    if (this.#isFinished) return
    this.#isFinished = true
    this.#rowsUntilLook = 0
    removeOpenRun(this)
    const ended = status ?? (error !== undefined ? 'FAILED' : isInterrupted() ? 'INTERRUPTED' : 'COMPLETE')
    try {
      this.#metrics.close()
      // What another process writes now is none of ours.
      if (this.#claim.look()) this.#writeInfo(endInfo(ended, error, new Date()))
    } finally {
      this.#claim.release()
      for (const listener of this.#whenFinished.toReversed()) listener(error)
    }
  }

  #path(...names: string[]): string {
    return join(this.logDir, ...names)
  }

  #yaml(name: string): string {
    return this.#path('metadata', `${name}.yaml`)
  }

  #read(name: string): PlainRecord | undefined {
    if (!existsSync(this.#yaml(name))) return undefined
    const record = readYaml(this.#yaml(name))
    return isRecord(record) ? (record as PlainRecord) : undefined
  }

  #write(name: string, record: PlainRecord): void {
    try {
      replaceFile(this.#yaml(name), yamlText(`the \`${name}\` of a run`, record))
    } catch (error) {
      fail(`cannot write "${this.#yaml(name)}": ${messageOf(error)}`, { cause: error })
    }
  }

  #writeInfo(changes: PlainRecord): void {
    this.#info = { ...this.#info, ...changes }
    this.#write('info', this.#info)
  }

  /** Throws unless this process may write. */
  #open(): void {
    if (this.#isFinished) fail(`the run "${this.logDir}" is finished; nothing more can be written`)
    this.#claim.beat()
    if (this.#claim.isLost) fail(`another process has taken over the run "${this.logDir}"`)
  }

  /** Goes back to where a checkpoint was saved, before the first thing that comes after it. */
  #settle(): void {
    this.#open()
    // Looking at the clock for every row would cost a tenth of writing it.
    this.#rowsUntilLook = 50
    if (this.#rewindTo) this.rewind(this.#rewindTo)
  }
}

/** The info of a run that goes on: what it has said of its start stays. */
function resumed(
  before: PlainRecord,
  { config, first, runId }: { config: PlainRecord; first: PlainRecord; runId: string },
  now: Date,
): PlainRecord {
  const { error: _, ended_at: __, ...kept } = before
  const resumes = Array.isArray(before['resumes']) ? before['resumes'] : []
  const isOther = Object.keys(config).length > 0 && !sameTree(config, first)
  return {
    ...kept,
    end_date: '',
    end_time: '',
    process_id: process.pid,
    hostname: hostname(),
    run_id: runId,
    resumes: [...resumes, resumeInfo(isOther ? config : undefined, now)],
  }
}
