import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { basename, join, resolve, sep } from 'node:path'
import { fail } from './errors.ts'
import { type ErrorPolicy, EventFile } from './event-file.ts'
import { eventFilesIn, isEventFile } from './event-file-name.ts'
import { abandonFiles, acquireFile, releaseFile } from './open-files.ts'
import { purgeEvents } from './purge.ts'
import { cutFiles } from './rewind.ts'
import type { WriterHost } from './writer-host.ts'

export interface RunOptions {
  readonly logDir: string | undefined
  readonly comment: string
  readonly suffix: string
  readonly flushSecs: number
  readonly onError: ErrorPolicy
  readonly purgeStep: number | undefined
  readonly host: WriterHost
}

/** What has to survive a stop for a run to go on in its files: JSON. */
export interface WriterState {
  /** Where the run is; null if nothing was written yet, and no directory given. */
  readonly logDir: string | null
  /** Stands in the names of all files of the run. */
  readonly run: string
  /** The highest step written; -1 if there is none. */
  readonly lastStep: number
  /** The size of every file of the run, by its path in `logDir`. */
  readonly files: { readonly [path: string]: number }
}

/** The directory of a run, with one event file in it and one in each sub-directory that is in use. */
export class RunDirectory {
  readonly options: RunOptions
  #path: string | undefined
  #run: string = randomBytes(4).toString('hex')
  #lastStep = -1
  #startStep: number | undefined
  #purgeStep: number | undefined
  /** Sub-directories that had a file already: the start is told, and values are purged, in the first one. */
  readonly #begun = new Set<string>()
  /** Files in use, by sub-directory. */
  readonly #open = new Map<string, EventFile>()
  /** Sizes of files that were closed, and whether they are known to be safe on the disk. */
  readonly #closed = new Map<string, { size: number; isSafe: boolean }>()

  constructor(options: RunOptions) {
    this.options = options
    this.#path = options.logDir
    this.#startStep = options.purgeStep
    this.#purgeStep = options.purgeStep
  }

  /** The path; without a `logDir` it becomes `runs/<date>_<time>_<host><comment>` when it is first needed. */
  get path(): string {
    return (this.#path ??= join(
      'runs',
      `${timestamp(this.options.host.now())}_${hostname()}${this.options.comment}`,
    ))
  }

  /** Sets the directory, unless there is one. */
  usePath(path: string): void {
    this.#path ??= path
  }

  /** Gives the file of a sub-directory; `''` stands for the directory itself. */
  file(sub: string): EventFile {
    const known = this.#open.get(sub)
    // Another writer on the same directory may have gone back to a state.
    if (known && !known.isClosed) return known
    const { suffix, flushSecs, onError, host } = this.options
    const directory = resolve(this.path, sub)
    const isFirst = !this.#begun.has(sub)
    const make = (): EventFile => {
      const step = this.#purgeStep
      if (isFirst && step !== undefined) this.#careful(() => purgeEvents(host, directory, step))
      const made = new EventFile({ directory, run: this.#run, suffix, flushSecs, onError, host })
      if (isFirst && this.#startStep !== undefined) made.startAt(this.#startStep)
      return made
    }
    const file = acquireFile(host.fs, directory, make)
    this.#begun.add(sub)
    this.#open.set(sub, file)
    return file
  }

  /**
   * Makes TensorBoard drop what it has read of the directory from a step on, and says so if there is something; only before there is a file.
   */
  startAt(step: number): void {
    const files = [...this.#open.values()]
    if (this.#startStep !== undefined || this.#closed.size > 0 || files.some(({ name }) => name)) return
    this.#startStep = step
    for (const file of files) file.startAt(step)
    this.#careful(() => {
      if (eventFilesIn(this.options.host.fs, this.path).length > 0)
        this.warn(
          `${this.path} has files of another run: TensorBoard will not show what they have from step ${step} on; take another directory to see both`,
        )
    })
  }

  /** Gives the time for what has one of its own. */
  seconds(): number {
    return this.options.host.now() / 1000
  }

  warn(line: string): void {
    this.options.host.warn(`[tensorboard-plugin-writer] ${line}`)
  }

  flush(): void {
    for (const file of this.#open.values()) file.flush()
  }

  close(): void {
    for (const [sub, file] of this.#open) {
      this.#open.delete(sub)
      // Another writer on the same directory has gone back to a state, and cut or deleted it.
      if (file.isClosed) continue
      this.#lastStep = Math.max(this.#lastStep, file.tags.lastStep)
      releaseFile(file)
      if (file.name) this.#closed.set(posix(join(sub, file.name)), { size: file.size, isSafe: false })
    }
  }

  /** Makes everything safe on the disk and tells how long each file is. */
  getState(): WriterState {
    const { fs } = this.options.host
    const files: Record<string, number> = {}
    for (const [path, closed] of this.#closed) {
      files[path] = closed.size
      if (closed.isSafe) continue
      this.#careful(() => syncFile(fs, join(this.path, path)))
      closed.isSafe = true
    }
    let lastStep = this.#lastStep
    for (const [sub, file] of this.#open) {
      if (file.isClosed) continue
      file.sync()
      if (file.name) files[posix(join(sub, file.name))] = file.size
      lastStep = Math.max(lastStep, file.tags.lastStep)
    }
    return { logDir: this.#path ?? null, run: this.#run, lastStep, files }
  }

  /**
   * Goes back to a state: cuts its files to their sizes then, and deletes those that the run has made since. What comes next goes to a new file.
   */
  updateState({ logDir, run, lastStep, files }: WriterState): void {
    const sizes = new Map(Object.entries(files))
    for (const path of sizes.keys())
      if (!isEventFile(basename(checkedPath(path)))) fail(`"${path}" of the state is no event file`)
    this.#open.clear()
    this.#closed.clear()
    this.#begun.clear()
    if (logDir !== null) this.usePath(logDir)
    // Also those of a writer of this process whose run has failed, and that was never closed.
    abandonFiles(this.options.host.fs, this.path)
    this.#run = run
    this.#lastStep = lastStep
    this.#startStep = lastStep + 1
    this.#purgeStep = undefined
    for (const [path, size] of sizes) this.#closed.set(path, { size, isSafe: true })
    this.#careful(() => cutFiles(this.options.host, this.path, run, sizes))
  }

  /** Does what the disk may refuse. */
  #careful(action: () => void): void {
    try {
      action()
    } catch (error) {
      const message = `${this.path}: ${(error as Error).message}`
      if (this.options.onError === 'throw') fail(message, { cause: error })
      this.warn(message)
    }
  }
}

/** Checks the name of a sub-directory: it must not lead elsewhere. */
export function checkedPath(path: string): string {
  const isInside = path !== '' && resolve('/a', path).startsWith(resolve('/a') + sep) && !path.startsWith('/')
  if (!isInside) fail(`"${path}" must be a relative path that stays inside the writer's directory`)
  return posix(path)
}

function posix(path: string): string {
  return path.split(sep).join('/')
}

function syncFile(fs: WriterHost['fs'], path: string): void {
  const fd = fs.openSync(path, 'r+')
  try {
    fs.fdatasyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

/** Writes a time as `Nov22_05-14-10`, in the local time zone. */
function timestamp(ms: number): string {
  const date = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  const month = date.toLocaleString('en-US', { month: 'short' })
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('-')
  return `${month}${two(date.getDate())}_${time}`
}
