import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Checkpoint, StateTree, TrainerHandle } from '@trainyard/core'
import type { Artifact } from '../artifacts/artifact.ts'
import { artifactPath, saveArtifact } from '../artifacts/save-artifact.ts'
import { CheckpointFiles } from '../artifacts/checkpoint-files.ts'
import { fail, messageOf } from '../errors.ts'
import type { MetricRow } from '../metrics/row-text.ts'
import { type MetricsPosition, RunMetrics } from '../metrics/run-metrics.ts'
import { isRecord, type PlainRecord, plainCopy } from '../plain-tree.ts'
import { replaceFile } from '../replace-file.ts'
import { readYaml, yamlText } from '../yaml.ts'
import { Claim } from './claim.ts'
import { addOpenRun, isInterrupted, removeOpenRun } from './open-runs-of-process.ts'
import { endInfo, newInfo, resumedInfo, type RunStatus } from './run-info.ts'
import { checkRunOptions, type RunOptions } from './run-options.ts'
import { teeToFile } from './tee-to-file.ts'

/** How a run is opened; not for programs. */
export interface OpenRun extends RunOptions {
  readonly logId: number | string
  /** What `metadata/mlxpy.yaml` says. */
  readonly settings: PlainRecord
  /** Runs when nobody else can write the run any more, before anything in it is read or written. */
  readonly prepare?: (() => void) | undefined
  /** What rank zero has opened, for the other ranks: they write nothing. */
  readonly opened?: OpenedRun | undefined
}

/** What all ranks have to know of the run that rank zero has opened. */
export interface OpenedRun {
  readonly logDir: string
  readonly isResumed: boolean
  readonly config: PlainRecord
  readonly info: PlainRecord
}

/** What a process needs that writes a run. */
interface Writer {
  readonly claim: Claim
  readonly metrics: RunMetrics
}

/**
 * A run's folder, for writing. It is made by a `RunLogger` or an `ExperimentLogger`; made again in a folder that has a run, it goes on with that one.
 * The process's end, by an error or a signal too, is written down by itself. Of several ranks only the first one writes: what the others log goes
 * nowhere, and what they load is what the first one has saved.
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
  /** Not on the other ranks. */
  readonly #writer: Writer | undefined
  readonly #checkpoints: CheckpointFiles
  readonly #whenFinished: ((error: unknown) => void)[] = []
  #info: PlainRecord
  #rewindTo: MetricsPosition | undefined
  #hasLogged = false
  #rowsUntilLook = 0
  #isFinished = false
  #error: unknown

  constructor(directory: string, options: OpenRun) {
    const { opened } = options
    this.logDir = resolve(directory)
    this.#checkpoints = new CheckpointFiles(this.#path('artifacts', 'Checkpoint'))
    if (opened) {
      this.isResumed = opened.isResumed
      this.config = opened.config
      this.#info = opened.info
      this.runId = String(opened.info['run_id'])
      return
    }
    const { config, givenConfig } = checkRunOptions(options)
    mkdirSync(this.logDir, { recursive: true })
    const claim = new Claim(this.logDir, options.takeOver)
    try {
      options.prepare?.()
      mkdirSync(this.#path('metadata'), { recursive: true })
      const before = this.#read('info')
      this.isResumed = before !== undefined
      this.config = this.#read('config') ?? config
      this.runId = String(before?.['run_id'] ?? randomUUID())
      const now = new Date()
      this.#info = before
        ? resumedInfo(before, { config, first: this.config, runId: this.runId }, now)
        : {
            ...newInfo(this.logDir, options.logId, this.runId, now),
            ...(givenConfig && { given_config: givenConfig }),
          }
      this.#writer = { claim, metrics: new RunMetrics(this.#path('metrics')) }
      this.#writeMetadata(config, options)
      mkdirSync(this.#path('artifacts'), { recursive: true })
      this.#writeInfo({ status: 'RUNNING' })
    } catch (error) {
      claim.release()
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
    const copy = plainCopy('the `info`', changes) as PlainRecord
    this.#mayWrite()
    this.#writeInfo(copy)
  }

  /**
   * Appends a row of numbers to `metrics/<logName>.json`. Once it returns, no end of the process loses the row.
   * @throws if another process has taken the run over, or the disk is full.
   */
  logMetrics(row: MetricRow, logName: string): void {
    if (this.#rowsUntilLook-- <= 0) this.#settle()
    this.#hasLogged = true
    this.#writer?.metrics.append(logName, row)
  }

  /** Writes an artifact to `artifacts/<type>/<name><extension>`, whole or not at all, and gives its path. One of that name is replaced. */
  async logArtifact(artifact: Artifact, name: string): Promise<string> {
    const path = artifactPath(this.#path('artifacts'), artifact, name)
    if (this.#mayWrite()) await saveArtifact(path, artifact)
    return path
  }

  /**
   * Saves JSON values and typed arrays in one file, `artifacts/Checkpoint/<name>.safetensors`, durably: a kill at any moment leaves this one or the one
   * before. The arrays must not change meanwhile. Gives the path.
   */
  async logCheckpoint(tree: StateTree | Checkpoint, name = 'last_ckpt'): Promise<string> {
    const path = this.#checkpoints.path(name)
    const writer = this.#settle()
    if (!writer) return path
    this.#hasLogged = true
    writer.metrics.flush()
    await this.#checkpoints.save(path, { tree, position: writer.metrics.position() })
    return path
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

  /**
   * Tells a trainer that its files go into this run's folder, and so all of its callbacks that have files.
   * @throws if the trainer is one of several ranks, and each has opened a run of its own.
   */
  setup(trainer: Pick<TrainerHandle, 'logDirectory' | 'strategy'>): void {
    const { globalRank, worldSize } = trainer.strategy
    if (globalRank && this.#writer)
      fail(
        `rank ${globalRank} of ${worldSize} has opened the run "${this.logDir}" for itself; on every rank, open one for all with \`await RunLogger.open(options, strategy)\``,
      )
    trainer.logDirectory = this.logDir
  }

  /** Waits until all rows survive a power loss, and gives how long the files are. */
  position(): MetricsPosition {
    // A trainer may be asked for its state after the run, too.
    if (!this.#isFinished) this.#settle()
    this.#writer?.metrics.flush()
    return this.#writer?.metrics.position() ?? {}
  }

  /** Cuts the metrics back to a position; gives the names of files that are shorter than that, so that rows are missing. */
  rewind(position: MetricsPosition): string[] {
    this.#rewindTo = undefined
    return this.#mayWrite()?.metrics.rewind(position) ?? []
  }

  /** Cuts metrics back to their last rows that are not past a step; gives the names of those that had more. */
  rewindToStep(logNames: readonly string[], step: number): string[] {
    return this.#mayWrite()?.metrics.rewindToStep(logNames, step) ?? []
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
      this.#writer?.metrics.close()
      // What another process writes now is none of ours.
      if (this.#writer?.claim.look() ?? true) this.#writeInfo(endInfo(ended, error, new Date()))
    } finally {
      this.#writer?.claim.release()
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
    if (this.#writer) this.#write('info', this.#info)
  }

  #writeMetadata(config: PlainRecord, { settings, tags = [] }: OpenRun): void {
    this.#writeInfo({ status: 'STARTING' })
    if (!existsSync(this.#yaml('config'))) this.#write('config', config)
    if (!existsSync(this.#yaml('mlxpy'))) this.#write('mlxpy', settings)
    if (tags.length > 0) this.#write('meta', { ...this.#read('meta'), tags: [...tags] })
  }

  /** Gives what it takes to write, undefined on a rank that has not to; throws if the run is over, or another process's. */
  #mayWrite(): Writer | undefined {
    if (this.#isFinished) fail(`the run "${this.logDir}" is finished; nothing more can be written`)
    this.#writer?.claim.beat()
    if (this.#writer?.claim.isLost) fail(`another process has taken over the run "${this.logDir}"`)
    return this.#writer
  }

  /** Goes back to where a checkpoint was saved, before the first thing that comes after it. */
  #settle(): Writer | undefined {
    const writer = this.#mayWrite()
    // Looking at the clock for every row would cost a tenth of writing it.
    this.#rowsUntilLook = 50
    if (this.#rewindTo) this.rewind(this.#rewindTo)
    return writer
  }
}
