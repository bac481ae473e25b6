import type { Checkpoint } from '@trainyard/core'
import { fail } from './errors.ts'
import { type FileSystem, type FileSystemModule, nodeFiles } from './file-system.ts'
import { KeptMemory } from './kept-memory.ts'
import { loadFileSystem } from './load-file-system.ts'
import type { Manifest } from './manifest.ts'
import { performSave, type PreparedSave } from './perform-save.ts'
import { type CheckpointInfo, prepareCheckpoint } from './prepare-checkpoint.ts'
import type { NotDeleted } from './remove-checkpoint.ts'
import { SaveThread } from './save-thread.ts'
import { checkPath } from './write-checkpoint.ts'

export interface SaverOptions {
  /** Whether to copy the state and save the copy in a worker thread, while training goes on. Default: false. */
  readonly async?: boolean | undefined
  /** Default: Node's. A worker thread can only be given a module that makes one. */
  readonly files?: FileSystem | FileSystemModule | undefined
}

/** One save, and what is to be done once it is durable. */
export interface SaveJob {
  /** The checkpoint's folder. */
  readonly path: string
  readonly checkpoint: Checkpoint
  readonly info?: CheckpointInfo | undefined
  /** The name of a link beside it that shall lead to it, such as `last`. Default: none. */
  readonly link?: string | undefined
  /** Paths of checkpoints to delete after that. */
  readonly remove?: readonly string[] | undefined
}

/** A save that is durable. */
export interface SavedJob {
  readonly path: string
  readonly manifest: Manifest
  /** What it replaces and could not delete: to be put into `remove` again. */
  readonly notDeleted: readonly NotDeleted[]
}

/**
 * Saves checkpoints one after the other: in the loop, or behind it.
 *
 * ```ts
 * const saver = createSaver({ async: true })
 * await saver.save({ path: 'checkpoints/step=300', checkpoint: await trainer.getState() })
 * for (const { path } of saver.takeSaved()) console.log(`${path} is on disk`) // at every step
 * await saver.drain() // before the run ends
 * ```
 */
export interface Saver {
  /**
   * Saves; resolves when the state may change again: if asynchronous, as soon as it is copied. Waits for the save before it, as there is only one copy.
   * @throws what went wrong with this save, or the asynchronous one before it.
   */
  save(job: SaveJob): Promise<void>
  /**
   * Gives the saves that have become durable since the last call; costs nothing where there are none.
   * @throws what went wrong with an asynchronous save, once.
   */
  takeSaved(): readonly SavedJob[]
  /** Waits for the save in flight; then like `takeSaved`. */
  drain(): Promise<readonly SavedJob[]>
  /** Waits for the save in flight, ends the worker thread and gives the copy's memory back; a later save starts again. */
  close(): Promise<void>
}

/** Makes a saver. */
export function createSaver({ async: isAsync = false, files }: SaverOptions = {}): Saver {
  if (isAsync && files && !('module' in files))
    fail(
      '`files` must be { module: <URL> } for asynchronous saves: a worker thread cannot be given an object',
    )
  return isAsync ? new AsyncSaver(files as FileSystemModule | undefined) : new SyncSaver(files)
}

class SyncSaver implements Saver {
  readonly #files: () => Promise<FileSystem>
  #saved: SavedJob[] = []

  constructor(files: FileSystem | FileSystemModule | undefined) {
    let loaded: Promise<FileSystem> | undefined
    this.#files = () =>
      (loaded ??= files && 'module' in files ? loadFileSystem(files) : Promise.resolve(files ?? nodeFiles))
  }

  async save(job: SaveJob): Promise<void> {
    const saved = await performSave(await this.#files(), prepareSave(job))
    this.#saved.push({ path: job.path, ...saved })
  }

  takeSaved(): readonly SavedJob[] {
    return this.#saved.splice(0)
  }

  async drain(): Promise<readonly SavedJob[]> {
    return this.takeSaved()
  }

  async close(): Promise<void> {}
}

class AsyncSaver implements Saver {
  readonly #thread: SaveThread
  #memory = new KeptMemory()
  #inFlight: Promise<void> | undefined
  #saved: SavedJob[] = []
  #failed: { readonly error: unknown } | undefined

  constructor(files: FileSystemModule | undefined) {
    this.#thread = new SaveThread(files)
  }

  async save(job: SaveJob): Promise<void> {
    while (this.#inFlight) await this.#inFlight
    this.#throwFailure()
    const { prepared, ...rest } = prepareSave(job)
    const done = this.#thread.perform({ ...rest, prepared: this.#memory.copy(prepared) })
    this.#inFlight = done
      .then(
        (saved) => void this.#saved.push({ path: job.path, ...saved }),
        (error: unknown) => void (this.#failed = { error }),
      )
      .finally(() => void (this.#inFlight = undefined))
  }

  takeSaved(): readonly SavedJob[] {
    this.#throwFailure()
    return this.#saved.length > 0 ? this.#saved.splice(0) : []
  }

  async drain(): Promise<readonly SavedJob[]> {
    await this.#inFlight
    return this.takeSaved()
  }

  async close(): Promise<void> {
    await this.#inFlight
    await this.#thread.close()
    this.#memory = new KeptMemory()
  }

  #throwFailure(): void {
    const failed = this.#failed
    this.#failed = undefined
    if (failed) throw failed.error
  }
}

function prepareSave({ path, checkpoint, info, link, remove = [] }: SaveJob): PreparedSave {
  checkPath(path)
  return { path, prepared: prepareCheckpoint(checkpoint, info), link, remove }
}
