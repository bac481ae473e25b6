import type { Checkpoint, SavedCheckpoint, StateRecord, StateTree, Strategy } from '@trainyard/core'
import {
  type CheckpointEntry,
  createSaver,
  type FileSystem,
  type FileSystemModule,
  listCheckpoints,
  nodeFiles,
  removeCheckpoint,
  type SavedJob,
  type Saver,
  sweepUnfinished,
} from '@trainyard/checkpointer'
import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { fail } from './errors.ts'
import type { Keep, Saved } from './keep.ts'

export interface CheckpointStoreOptions {
  /** What to keep; everything else that the store has saved is deleted, once the new one is durable. */
  readonly keep: Keep
  /** The name of a link to the newest one. Default: none. */
  readonly link?: string | undefined
  /** Other names that no checkpoint gets. */
  readonly reserved?: readonly string[] | undefined
  /** Whether a name that something else in the folder has gets `-v1`, `-v2`, … behind it, rather than to replace that. Default: true. */
  readonly versionCounter?: boolean | undefined
  /** Told of what is no reason to end the run: a checkpoint that is gone, or that could not be deleted. Default: `console.warn`. */
  readonly warn?: ((line: string) => void) | undefined
  /** Whether to write in a thread of its own. Default: false. */
  readonly async?: boolean | undefined
  /** Default: Node's. */
  readonly files?: FileSystem | FileSystemModule | undefined
}

/** A save that is wanted. */
export interface SaveRequest {
  readonly name: string
  readonly step: number
  readonly epoch: number
  /** What `keep` goes by. */
  readonly score?: number | undefined
  /** Metrics that the manifest keeps, exactly. */
  readonly scores?: Readonly<Record<string, number>> | undefined
  /** What else belongs to the run. */
  readonly context?: StateTree | undefined
  /** Gives what to save; called only if it is going to be saved, when `getState()` counts it already. */
  checkpoint(): Promise<Checkpoint>
}

/**
 * The checkpoints that a run saves in one folder: saves them, keeps what a policy keeps, and deletes of its own ones what it does not, never before a
 * newer one is durable. What others put into the folder it leaves alone. Its state belongs into the checkpoints, so that a resumed run goes on with
 * the same list.
 */
export class CheckpointStore {
  /** Where they are; set before the first save. */
  folder: string | undefined
  /** On ranks other than zero: takes the same decisions, but leaves the folder alone. */
  isPassive = false
  /** Where this thread reads and deletes; a thread that saves has a file system of its own. */
  readonly files: FileSystem
  readonly #options: CheckpointStoreOptions
  readonly #saver: Saver
  #runId: string = randomUUID()
  #saved: readonly Saved[] = []
  /** Names that the policy has given up, and that may still be there. */
  #doomed: readonly string[] = []
  /** Hidden paths of what could be deleted only in part. */
  #rests: readonly string[] = []
  readonly #durable: SavedCheckpoint[] = []
  /** What was saved before the save in flight: what is left if it fails. */
  #before: { saved: readonly Saved[]; doomed: readonly string[] } | undefined

  constructor(options: CheckpointStoreOptions) {
    const { async, files } = options
    this.#options = options
    this.#saver = createSaver({ async, files })
    this.files = files && !('module' in files) ? files : nodeFiles
  }

  /** What is saved and kept, oldest first. */
  get saved(): readonly Saved[] {
    return this.#saved
  }

  path(name: string): string {
    return join(this.folder ?? fail('a CheckpointStore has no folder yet'), name)
  }

  /**
   * Clears up what an interrupted save of this run left, forgets what somebody has deleted, and finishes deletions. Call it before the first save of a
   * run; with several ranks, on all of them: they take over the list of rank zero, which alone sees the folder.
   */
  async open(strategy?: Pick<Strategy, 'broadcast'>): Promise<void> {
    const folder = this.folder ?? fail('a CheckpointStore has no folder yet')
    if (!this.isPassive) await this.#clearUp(folder)
    if (!strategy) return
    const own = new TextEncoder().encode(JSON.stringify(this.getState()))
    this.updateState(JSON.parse(new TextDecoder().decode(await strategy.broadcast(own, 0))) as StateRecord)
  }

  async #clearUp(folder: string): Promise<void> {
    const warn = this.#options.warn ?? console.warn
    await sweepUnfinished(folder, { runId: this.#runId, files: this.files, warn })
    const entries = await this.#entries()
    const present = new Set(entries.map(({ name }) => name))
    const known = new Set(this.#saved.map(({ name }) => name))
    const gone = this.#saved.filter(({ name }) => !present.has(name))
    // Later saves than that which the run goes on from have deleted them themselves.
    const wentOn = entries.filter(this.#isOwn).some(({ name }) => !known.has(name))
    if (gone.length > 0 && !wentOn)
      this.#warn(`no longer in "${folder}", and forgotten: ${gone.map(({ name }) => name).join(', ')}`)
    this.#saved = this.#saved.filter(({ name }) => present.has(name))
    const left: string[] = []
    for (const path of await this.#ownDoomed())
      await removeCheckpoint(path, { files: this.files }).catch((error: unknown) => {
        warn(`${(error as Error).message}; the next save tries again`)
        left.push(basename(path))
      })
    this.#doomed = left
  }

  /**
   * Saves, unless the policy would not keep it; resolves when it is durable and what it replaces is deleted, or with `async`, as soon as the state is copied.
   * @throws what went wrong with this save, or the asynchronous one before it; what is kept is then as it was.
   */
  async save(request: SaveRequest): Promise<void> {
    // The list must not count one that is going to fail.
    await this.drain()
    const before = { saved: this.#saved, doomed: this.#doomed }
    const planned = await this.#plan(request)
    if (!planned) return
    this.#before = before
    try {
      const checkpoint = await request.checkpoint()
      if (this.isPassive) return this.#settle()
      const { step, epoch, scores, context } = request
      await this.#saver.save({
        path: this.path(planned.name),
        checkpoint,
        info: { runId: this.#runId, step, epoch, scores, context },
        link: this.#options.link,
        remove: [...(await this.#ownDoomed()), ...this.#rests],
      })
    } catch (error) {
      this.#takeBack()
      throw error
    }
  }

  /**
   * Gives what has become durable since the last call.
   * @throws what went wrong with an asynchronous save; what is kept is then as it was before it.
   */
  takeSaved(): readonly SavedCheckpoint[] {
    try {
      this.#note(this.#saver.takeSaved())
    } catch (error) {
      this.#takeBack()
      throw error
    }
    return this.#durable.splice(0)
  }

  /** Waits for the save in flight; its result is left for `takeSaved`. @throws as that does. */
  async drain(): Promise<void> {
    try {
      this.#note(await this.#saver.drain())
    } catch (error) {
      this.#takeBack()
      throw error
    }
  }

  /** Waits for the save in flight, and gives back the memory and the thread that `async` takes. */
  async close(): Promise<void> {
    try {
      await this.drain()
    } finally {
      await this.#saver.close()
    }
  }

  getState(): StateRecord {
    const saved = this.#saved.map(({ score, ...rest }) => ({
      ...rest,
      score: score === undefined ? null : String(score),
    }))
    return { runId: this.#runId, saved, doomed: this.#doomed }
  }

  updateState(state: StateRecord): void {
    const { runId, saved, doomed } = state as unknown as {
      runId: string
      saved: readonly (Omit<Saved, 'score'> & { score: string | null })[]
      doomed: readonly string[]
    }
    this.#runId = runId
    this.#saved = saved.map(({ score, ...rest }) => ({
      ...rest,
      score: score === null ? undefined : Number(score),
    }))
    this.#doomed = doomed
  }

  /** Lets the policy decide as if the save were done; gives nothing if it would not keep it. */
  async #plan({ name: wanted, step, epoch, score }: SaveRequest): Promise<Saved | undefined> {
    const candidate: Saved = { name: wanted, step, epoch, score }
    const kept = this.#options.keep([...this.#saved, candidate])
    if (!kept.includes(candidate)) return undefined
    const others = kept.filter((saved) => saved !== candidate)
    const { link, reserved = [] } = this.#options
    const taken = [...others.map((saved) => saved.name), ...reserved, ...(link === undefined ? [] : [link])]
    const name = await this.#freeName(wanted, new Set(taken))
    const planned = { ...candidate, name }
    const names = new Set([...others.map((saved) => saved.name), name])
    const left = [...this.#saved.map((saved) => saved.name), ...this.#doomed].filter((one) => !names.has(one))
    this.#saved = [...others, planned]
    this.#doomed = [...new Set(left)]
    return planned
  }

  /** Gives the path of a name beside the list; with `versionCounter`, one that nothing of anybody else has. */
  async freePath(name: string): Promise<string> {
    return this.path(await this.#freeName(name, new Set(this.#saved.map((saved) => saved.name))))
  }

  /** A name that this run has given up, or that an abandoned branch of it left, is free; one of anybody else is not. */
  async #freeName(wanted: string, taken: ReadonlySet<string>): Promise<string> {
    // Without the counter a name may replace somebody else's checkpoint, but none that this run still keeps.
    const isCounting = this.#options.versionCounter !== false
    const names = new Set(isCounting ? await this.files.readdir(this.folder!).catch(() => []) : [])
    // Nearly always so, without a look into every checkpoint of the folder.
    if (!taken.has(wanted) && !names.has(wanted)) return wanted
    const own = new Set((await this.#entries()).filter(this.#isOwn).map(({ name }) => name))
    const isFree = (name: string): boolean => !taken.has(name) && (!names.has(name) || own.has(name))
    if (isFree(wanted)) return wanted
    for (let version = 1; ; version++) if (isFree(`${wanted}-v${version}`)) return `${wanted}-v${version}`
  }

  /** Where the checkpoints are that the policy has given up: only those of this run, whatever their names say, and no damaged ones. */
  async #ownDoomed(): Promise<string[]> {
    if (this.#doomed.length === 0) return []
    const own = (await this.#entries()).filter(this.#isOwn)
    return own
      .filter(({ status, name }) => status === 'complete' && this.#doomed.includes(name))
      .map(({ path }) => path)
  }

  readonly #isOwn = ({ manifest }: CheckpointEntry): boolean => manifest?.runId === this.#runId

  #note(jobs: readonly SavedJob[]): void {
    for (const { path, manifest, notDeleted } of jobs) {
      this.#settle(notDeleted.map((left) => left.path))
      for (const { message } of notDeleted) this.#warn(message)
      this.#durable.push({ path, step: manifest.step })
    }
  }

  /** The planned save is done, and what it replaced is gone, but for what is left; the next save tries again. */
  #settle(left: readonly string[] = []): void {
    this.#before = undefined
    const isHidden = (path: string): boolean => basename(path).startsWith('.')
    this.#doomed = left.filter((path) => !isHidden(path)).map((path) => basename(path))
    this.#rests = left.filter(isHidden)
  }

  #takeBack(): void {
    this.#saved = this.#before?.saved ?? this.#saved
    this.#doomed = this.#before?.doomed ?? this.#doomed
    this.#before = undefined
  }

  #entries(): Promise<readonly CheckpointEntry[]> {
    return listCheckpoints(this.folder!, { files: this.files })
  }

  #warn(line: string): void {
    const warn = this.#options.warn ?? console.warn
    warn(`[model-checkpoint] ${line}`)
  }
}
