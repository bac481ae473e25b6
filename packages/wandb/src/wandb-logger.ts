import {
  type LogPoint,
  type SavedCheckpoint,
  ScalarLogger,
  type StateTree,
  type TensorRef,
  type TrainerHandle,
  type TrainerState,
} from '@trainyard/core'
import { dirname } from 'node:path'
import { type ArtifactSource, stageArtifact } from './artifact-staging.ts'
import { captureWrites } from './console-capture.ts'
import { fail, messageOf } from './errors.ts'
import { jsonText } from './json-text.ts'
import { checkOptions, defaultTiming, seconds, type WandbLoggerOptions } from './options.ts'
import { LoggedRun, type LoggedRunOptions, type RunState } from './logged-run.ts'
import type { JsonFields } from './record.ts'
import { reportText, type WandbReport } from './report.ts'
import { type RunSettings, runSettings, serverSettings, type ServerSettings } from './settings.ts'
import { watchSystem } from './system-metrics.ts'

/** What can be logged: numbers, texts, whatever JSON has, and media. */
export type LogValues = Readonly<Record<string, unknown>>

/**
 * Logs to Weights & Biases: the loss, or any scalars, and the learning rate every 100 steps, the epochs, the `val_*` metrics, and what `log()` is given. Every
 * row goes to a file first, which the official `wandb sync` understands, and from there to the server: a row is lost neither to the network nor to
 * the end of the process. In a run of several processes only rank zero logs.
 *
 * It goes on exactly: a checkpoint keeps where the file stood; a run that is resumed from it cuts what came after, and what the server has of that already
 * is not sent again.
 * @throws at construction if an option is wrong or there is no API key; at the start of a new run if the server refuses it. Later trouble is a warning.
 */
export class WandbLogger<const Read extends string | TensorRef = 'loss'> extends ScalarLogger<Read> {
  override readonly name = 'WandbLogger'
  readonly #options: WandbLoggerOptions<Read>
  readonly #server: ServerSettings | undefined
  readonly #config: JsonFields
  readonly #told = new Set<string>()
  #settings: RunSettings
  #run: LoggedRun | undefined
  #restored: RunState | undefined
  #directory: string | undefined
  #state: TrainerState | undefined
  #trainer: TrainerHandle | undefined
  #lastCheckpoint: SavedCheckpoint | undefined
  #staging: Promise<void> = Promise.resolve()
  #stops: (() => void)[] = []
  #exitCode = 0

  constructor(options: WandbLoggerOptions<Read> = {}) {
    super(options)
    checkOptions(options as WandbLoggerOptions<never>)
    const env = options.env ?? process.env
    this.#options = options
    this.#settings = runSettings(options as WandbLoggerOptions<never>, env)
    this.#server = this.#settings.mode === 'online' ? serverSettings(env) : undefined
    this.#config = jsonFields(options.config ?? {})
  }

  /** The run's own, within its project. */
  get id(): string {
    return this.#settings.id
  }

  /** The run's page, once the server knows the run. */
  get url(): string | undefined {
    return this.#run?.url
  }

  /** The run's `.wandb` file, once it has begun. */
  get file(): string | undefined {
    return this.#run?.file
  }

  /**
   * Adds values to the row of the current step: numbers, texts, lists, objects, `image()`, `histogram()`, `table()`, `text()`. They are copied. After
   * the end of training it begins the run again: call `finish()` then.
   * @throws before training has begun.
   */
  log(values: LogValues): void {
    const run = this.#open('log')
    run?.writer.log(Object.entries(values), this.#state!.step)
  }

  /** Adds to the run's configuration, or changes it. @throws before training has begun; there is an option for that. */
  logConfig(values: LogValues): void {
    this.#open('logConfig')?.writer.logConfig(jsonFields(values))
  }

  /** Sets what the table of runs shows; by default it is the last of everything logged. @throws before training has begun. */
  logSummary(values: LogValues): void {
    this.#open('logSummary')?.writer.logSummary(jsonFields(values))
  }

  /**
   * Keeps a file or a folder as a version of an artifact, and sends it.
   * @throws before training has begun, or if the name is not one.
   */
  async logArtifact(source: ArtifactSource): Promise<void> {
    const run = this.#open('logArtifact')
    if (!run) return
    const artifact = await stageArtifact(source, dirname(run.file))
    run.writer.logArtifact(artifact, this.#settings)
  }

  /**
   * Ends the run and waits for the server, by default as long as the option `finishTimeout` says. Training does it by itself.
   * @returns how many rows were delivered, and how many wait in which file; undefined if there is no run.
   */
  async finish({
    timeout = this.#options.finishTimeout,
  }: { timeout?: WandbLoggerOptions<Read>['finishTimeout'] } = {}): Promise<WandbReport | undefined> {
    const run = this.#run
    if (!run) return undefined
    for (const stop of this.#stops.splice(0)) stop()
    await this.#staging
    const report = await run.finish(this.#exitCode, seconds('timeout', timeout))
    const text = reportText(report, !this.#server)
    if (report.error || (this.#server && report.waiting > 0)) this.#warn(text)
    else this.#print(text)
    return report
  }

  override useDirectory(directory: string): void {
    this.#directory = directory
  }

  override async onActionStart(state: TrainerState, trainer: TrainerHandle): Promise<void> {
    this.#state = state
    this.#trainer = trainer
    if (state.action !== 'train' || state.globalRank || this.#settings.mode === 'disabled') return
    this.#exitCode = 0
    if (this.#run && !this.#restored) await this.#run.resume()
    else {
      const dir = this.#settings.dir ?? this.#directory ?? '.'
      this.#run = await LoggedRun.open(this.#runOptions(), dir, this.#restored)
      this.#restored = undefined
    }
    this.#watch(this.#run)
  }

  override onCheckpoint(_state: TrainerState, saved: SavedCheckpoint): void {
    this.#lastCheckpoint = saved
    if (this.#options.logModel === 'all') this.#stageModel(saved)
  }

  override onException(): void {
    this.#exitCode = 1
  }

  override async onActionEnd(state: TrainerState, trainer: TrainerHandle): Promise<void> {
    if (state.action !== 'train' || !this.#run) return
    const { reason, detail } = trainer.stopRequest ?? {}
    if (reason === 'signal') this.#exitCode = detail === 'SIGINT' ? 130 : 143
    if (this.#options.logModel === true && this.#lastCheckpoint) this.#stageModel(this.#lastCheckpoint)
    await this.finish()
  }

  override getState(): StateTree {
    const state = this.#run?.save() ?? this.#restored
    return state ? { ...state, pending: { ...state.pending } } : {}
  }

  override updateState(state: StateTree): void {
    const restored = state as unknown as Partial<RunState>
    if (restored.id === undefined) return
    // Another id than the checkpoint's is a run of its own, which begins here.
    if (this.#settings.isIdGiven && this.#settings.id !== restored.id) return
    this.#settings = { ...this.#settings, id: restored.id }
    this.#restored = restored as RunState
  }

  protected override logScalars(scalars: ReadonlyMap<string, number>, { step }: LogPoint): void {
    this.#run?.writer.log(scalars, step)
  }

  /** Gives the open run; undefined where there is none to be. */
  #open(method: string): LoggedRun | undefined {
    if (this.#settings.mode === 'disabled' || this.#state?.globalRank) return undefined
    if (!this.#run)
      fail(`${method}() works from the start of training on: call it in a callback, or after train()`)
    void this.#run.resume().catch((error: unknown) => this.#warn(messageOf(error)))
    return this.#run
  }

  #runOptions(): LoggedRunOptions {
    return {
      settings: this.#settings,
      server: this.#server,
      config: this.#config,
      client: this.#options.client ?? 'spool',
      timing: { ...defaultTiming, ...this.#options.timing },
      step: () => this.#state!.step,
      print: (line) => this.#print(line),
      warn: (line) => this.#warn(line),
      onStop: () => this.#state?.requestStop('the Stop button of the W&B page'),
    }
  }

  #watch({ writer }: LoggedRun): void {
    const { console: isConsoleLogged = false, systemMetrics = false } = this.#options
    if (isConsoleLogged)
      this.#stops.push(
        captureWrites(process.stdout, (text) => writer.logOutput(this.#clean(text), false)),
        captureWrites(process.stderr, (text) => writer.logOutput(this.#clean(text), true)),
      )
    if (systemMetrics) this.#stops.push(watchSystem((stats) => writer.logStats(stats)))
  }

  /** A program that prints its environment must not send the key. */
  #clean(text: string): string {
    return this.#server ? this.#server.key.redact(text) : text
  }

  /** Training goes on meanwhile; the end of the run waits. */
  #stageModel({ path, step }: SavedCheckpoint): void {
    if (!this.#run) return
    const source = {
      name: `model-${this.id}`,
      type: 'model',
      path,
      aliases: ['latest', `step-${step}`],
      metadata: { step },
    }
    this.#staging = this.#staging
      .then(() => this.logArtifact(source))
      .catch((error: unknown) => this.#warn(`cannot log the checkpoint ${path}: ${messageOf(error)}`))
  }

  #print(line: string): void {
    if (!this.#settings.isSilent) this.#trainer?.host.print(`[wandb] ${line}`)
  }

  /** Says something once. */
  #warn(line: string): void {
    if (this.#told.size === this.#told.add(line).size) return
    this.#trainer?.host.warn(`[wandb] ${line}`)
  }
}

function jsonFields(values: LogValues): JsonFields {
  return new Map(
    Object.entries(values).flatMap(([key, value]) => {
      const json = jsonText(value)
      return json === undefined ? [] : [[key, json] as const]
    }),
  )
}
