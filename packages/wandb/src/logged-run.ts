import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Api, type ServerRun } from './api.ts'
import { Delivery } from './delivery.ts'
import { fail } from './errors.ts'
import type { DeliveryTiming } from './options.ts'
import type { JsonFields } from './record.ts'
import { FileSource } from './record-source.ts'
import { reportOf, type WandbReport } from './report.ts'
import { RunWriter, type WriterState } from './run-writer.ts'
import { SdkDelivery } from './sdk-delivery.ts'
import type { Sender } from './sender.ts'
import type { SpoolPosition } from './scan-file.ts'
import { runFolder, type RunSettings, runUrl, type ServerSettings } from './settings.ts'
import { Spool } from './spool.ts'

/** What a checkpoint keeps. */
export interface RunState extends WriterState, SpoolPosition {
  readonly id: string
  /** The name of the run's folder. */
  readonly folder: string
}

export interface LoggedRunOptions {
  readonly settings: RunSettings
  /** Undefined where nothing is sent. */
  readonly server: ServerSettings | undefined
  readonly config: JsonFields
  readonly client: 'spool' | 'sdk'
  readonly timing: DeliveryTiming
  /** The trainer's. */
  step(): number
  print(line: string): void
  warn(line: string): void
  /** Called when somebody pressed Stop on the run's page. */
  onStop(): void
}

/** One run: its file, what makes rows for it, and what sends them. */
export class LoggedRun {
  readonly writer: RunWriter
  readonly #options: LoggedRunOptions
  readonly #spool: Spool
  #delivery: Sender | undefined
  #isEnded = false

  /** Opens the run that is to go on, or a new one, below a directory. */
  static async open(
    options: LoggedRunOptions,
    dir: string,
    restored: RunState | undefined,
  ): Promise<LoggedRun> {
    const { settings, server } = options
    const begin = performance.now()
    const found = existingFile(join(dir, 'wandb'), settings, restored)
    const reopened = found ? await LoggedRun.#reopen(options, found, restored) : undefined
    const run = reopened ?? new LoggedRun(options, newFile(dir, settings))
    if (!reopened) await run.#create(restored)
    if (!server) return run
    const isNew = !restored && !reopened
    const patience = options.timing.start - (performance.now() - begin)
    await run.#deliver(server, isNew ? settings.resume : 'allow', isNew, patience)
    return run
  }

  /** Goes on with a file; gives undefined if that cannot be. */
  static async #reopen(
    options: LoggedRunOptions,
    file: string,
    restored: RunState | undefined,
  ): Promise<LoggedRun | undefined> {
    const run = new LoggedRun(options, file)
    const content = await run.#spool.reopen(restored).catch(() => undefined)
    if (!content) {
      options.warn(
        `${file} cannot be gone on with, or is another than the checkpoint knows: the run goes on in a new file`,
      )
      return undefined
    }
    run.writer.goOn(content, restored)
    if (options.config.size > 0) run.writer.logConfig(options.config)
    if (!restored) run.writer.shiftTo(options.step(), content.lastStep)
    return run
  }

  private constructor(options: LoggedRunOptions, file: string) {
    this.#options = options
    this.#spool = new Spool(file, {
      tail: () => this.writer.tail(),
      tick: () => this.writer.commit(options.step() - 1),
      warn: options.warn,
    })
    this.writer = new RunWriter(this.#spool, options.warn)
  }

  get file(): string {
    return this.#spool.file
  }

  /** The run's page, once the server has told its place. */
  get url(): string | undefined {
    const { server } = this.#options
    const run = this.#delivery?.run
    return server && run && runUrl(server.baseUrl, run.entity, run.project, run.id)
  }

  /** Writes everything to the file, and tells where it stands. */
  save(): RunState {
    this.writer.commit(this.#options.step())
    const { id } = this.#options.settings
    return { ...this.#spool.flush(), ...this.writer.state, id, folder: basename(dirname(this.file)) }
  }

  /** Goes on after the end, if it was ended. */
  async resume(): Promise<void> {
    if (!this.#isEnded) return
    this.#isEnded = false
    this.writer.continue()
    const { server } = this.#options
    if (server) await this.#deliver(server, 'allow', false, this.#options.timing.start)
  }

  /** Ends the run and waits for delivery, for so many milliseconds at most. */
  async finish(exitCode: number, timeout: number): Promise<WandbReport> {
    if (!this.#isEnded) this.writer.end(exitCode)
    this.#isEnded = true
    const state = await this.#delivery?.finish(timeout)
    return reportOf(this.writer.rows, this.file, this.#options.server, this.#delivery?.run, state)
  }

  /** Begins a new file, behind what the server has of the run. */
  async #create(restored: RunState | undefined): Promise<void> {
    const { settings, server, config } = this.#options
    this.writer.goOn(undefined, restored)
    // Only a run that somebody named can be on the server.
    const known = server && (settings.isIdGiven || restored) ? await probe(this.#options, server) : undefined
    if (known && !restored && settings.resume !== 'never')
      this.writer.shiftTo(this.#options.step(), known.lastStep ?? -1)
    this.#spool.create()
    this.#spool.append({
      kind: 'run',
      run: {
        ...settings,
        config,
        startTime: Date.now() / 1000,
        outputLines: known?.outputLines ?? 0,
        eventLines: known?.eventLines ?? 0,
      },
    })
    this.#spool.flush()
  }

  /**
   * Begins to send.
   * @param isNew Whether nothing has been logged yet, so that a refusal may end the run before it begins.
   * @param patience Milliseconds to wait for the server's first word.
   */
  async #deliver(
    server: ServerSettings,
    resume: RunSettings['resume'],
    isNew: boolean,
    patience: number,
  ): Promise<void> {
    const { client, timing, settings, onStop } = this.#options
    const warn = this.#options.warn
    const spool = this.#spool
    const source = new FileSource(this.file, () => (this.#isEnded ? Infinity : spool.flushedEnd))
    const options = { server, timing, source, files: spool.files, resume, onStop, warn }
    this.#delivery = client === 'sdk' ? new SdkDelivery(options) : new Delivery(options)
    await this.#delivery.started(Math.max(0, patience))
    const { error } = this.#delivery.state
    if (error && isNew) {
      await this.#discard()
      fail(error)
    }
    if (error) warn(`${error}; rows are kept in ${this.file}`)
    else if (this.url) this.#options.print(`run ${settings.name ?? settings.id}: ${this.url}`)
    else warn(`${server.baseUrl} has not answered yet; rows wait in ${this.file} until it does`)
  }

  async #discard(): Promise<void> {
    await this.#delivery!.finish(0)
    this.#spool.close()
    rmSync(dirname(this.file), { recursive: true, force: true })
  }
}

/** Finds the file of the run that a checkpoint or a given id means. */
function existingFile(
  parent: string,
  settings: RunSettings,
  restored: RunState | undefined,
): string | undefined {
  const { id, isIdGiven, resume } = settings
  const name = `run-${id}.wandb`
  if (restored) {
    const file = join(parent, restored.folder, name)
    return restored.folder && existsSync(file) ? file : undefined
  }
  if (!isIdGiven || resume === 'never' || !existsSync(parent)) return undefined
  const folders = readdirSync(parent).filter(
    (folder) => /^(?:offline-)?run-/.test(folder) && folder.endsWith(`-${id}`),
  )
  // Names hold the time: the last is the newest.
  const byTime = folders.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1))
  return byTime.map((folder) => join(parent, folder, name)).findLast((file) => existsSync(file))
}

/** Gives a place for a new file: its folder's name has the time, and none is taken twice. */
function newFile(dir: string, settings: RunSettings): string {
  for (let time = Date.now(); ; time += 1000) {
    const folder = runFolder(dir, settings, new Date(time))
    if (!existsSync(folder)) return join(folder, `run-${settings.id}.wandb`)
  }
}

function timeOf(folder: string): string {
  return folder.replace('offline-', '')
}

/** Asks once what the server has of the run; what goes wrong is for delivery to tell. */
async function probe(
  { settings, timing }: LoggedRunOptions,
  server: ServerSettings,
): Promise<ServerRun | undefined> {
  const abort = new AbortController()
  const api = new Api(server, { requestTimeout: timing.start, signal: abort.signal })
  const { id, project, entity } = settings
  const wait = setTimeout(() => abort.abort(), timing.start)
  try {
    return await api.resumeStatus({ id, project, entity })
  } catch {
    return undefined
  } finally {
    clearTimeout(wait)
    api.close()
  }
}
