import { basename } from 'node:path'
import { fail, toError } from './errors.ts'
import { createEventFile, type NewFile, writeAll } from './create-event-file.ts'
import { type EventContent, eventMessage } from './event.ts'
import { RecordBuffer } from './record-buffer.ts'
import { type Tag, TagTable } from './tag-table.ts'
import type { WriterHost } from './writer-host.ts'

/** What to do when the disk does not take the events. */
export type ErrorPolicy = 'warn' | 'throw'

export interface EventFileOptions extends NewFile {
  readonly flushSecs: number
  readonly onError: ErrorPolicy
  readonly host: WriterHost
}

/** How much waits before it is written without waiting for the timer, and how much is kept while the disk refuses. */
const bytes = { batch: 1 << 16, kept: 1 << 24 }

/**
 * One event file. Events are encoded at once into memory, and written, in whole records, when 64 KiB have come together, after `flushSecs`, by
 * `flush()`, and when the process exits. A file is never appended to by another process or a later run: readers lose what follows a torn record.
 *
 * What the disk refuses is kept, up to 16 MiB, and tried again with the next flush; the file is cut back to its last whole record meanwhile.
 */
export class EventFile {
  readonly tags: TagTable
  /** A closed file stays closed: what comes next goes to a new one. */
  isClosed = false
  readonly #options: EventFileOptions
  #startStep: number | undefined
  readonly #pending = new RecordBuffer(2 * bytes.batch)
  #fd: number | undefined
  #path: string | undefined
  /** Bytes in the file; always the end of a record. */
  #position = 0
  /** The clock at the last event, in seconds. */
  #lastTime = 0
  #dueAt = Infinity
  #timer: NodeJS.Timeout | undefined
  #isFailing = false
  #lost = 0
  /** An error of the timer's, for the next call to throw. */
  #thrownLater: Error | undefined

  constructor(options: EventFileOptions) {
    this.#options = options
    this.tags = new TagTable((line) => this.#warn(line))
  }

  /** Makes TensorBoard drop what it has read from the directory's earlier files from a step on; before the file is made. */
  startAt(step: number): void {
    this.#startStep = step
  }

  /** The file's name; undefined until something was written. */
  get name(): string | undefined {
    return this.#path && basename(this.#path)
  }

  /** Bytes that are written. */
  get size(): number {
    return this.#position
  }

  scalar(tag: string, value: number, step: number, wallTime?: number): void {
    if (!this.#hasRoom()) return
    const time = this.#time(wallTime)
    this.#pending.appendScalar(this.tags.at(tag, step).prefix, value, step, time)
    this.#appended()
  }

  /** Adds an event about a tag; `content` is told what the file knows of it. */
  tagged(tag: string, step: number, wallTime: number | undefined, content: (tag: Tag) => EventContent): void {
    if (!this.#hasRoom()) return
    const known = this.tags.at(tag, step)
    this.event(content(known), step, wallTime)
    known.described = true
  }

  event(content: EventContent, step: number, wallTime?: number): void {
    if (!this.#hasRoom()) return
    this.#pending.append(eventMessage(content, step, this.#time(wallTime)).bytes)
    this.#appended()
  }

  /** Creates the file now, instead of with the first events. */
  open(): void {
    this.#attempt(() => (this.#fd ??= this.#create()))
  }

  /** Hands everything to the operating system. */
  flush(): void {
    this.#throwLate()
    if (this.#pending.length > 0) this.#attempt(() => this.#write())
  }

  /** Flushes, and waits until what is written would survive a power cut. */
  sync(): void {
    this.flush()
    if (this.#fd !== undefined) this.#attempt(() => this.#options.host.fs.fdatasyncSync(this.#fd!))
  }

  /** Flushes what can be flushed, without an error. */
  flushAtExit(): void {
    try {
      if (this.#pending.length > 0) this.#write()
    } catch (error) {
      this.#cutBack()
      this.#warn(
        `${this.#pending.count + this.#lost} events of ${this.#place()} are lost: ${toError(error).message}`,
      )
    }
  }

  /** Flushes and closes. @param discard Leaves out what is not written yet. */
  close(discard = false): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.isClosed = true
    if (discard) this.#pending.clear()
    try {
      this.flush()
    } finally {
      this.#lost += this.#pending.count
      if (this.#lost > 0) this.#warn(`${this.#lost} events of ${this.#place()} are lost`)
      this.#pending.clear()
      if (this.#fd !== undefined) this.#options.host.fs.closeSync(this.#fd)
      this.#fd = undefined
    }
  }

  /** While the disk refuses and memory is full, events are dropped, whole ones. */
  #hasRoom(): boolean {
    this.#throwLate()
    if (!this.#isFailing || this.#pending.length < bytes.kept) return true
    this.#lost++
    return false
  }

  #throwLate(): void {
    if (!this.#thrownLater) return
    const error = this.#thrownLater
    this.#thrownLater = undefined
    throw error
  }

  /** Gives the seconds since 1970; they never go back, whatever the clock does. */
  #time(given: number | undefined): number {
    if (given !== undefined && !Number.isFinite(given))
      fail(`\`wallTime\` must be a number of seconds, not ${given}`)
    return given ?? (this.#lastTime = Math.max(this.#lastTime, this.#options.host.now() / 1000))
  }

  #appended(): void {
    if (this.#timer === undefined) this.#wait()
    // A program that computes without a pause gives timers no turn.
    const isDue = this.#lastTime >= this.#dueAt
    if (isDue) this.#dueAt = this.#lastTime + this.#options.flushSecs
    if ((isDue || this.#pending.length >= bytes.batch) && !this.#isFailing) this.flush()
  }

  #wait(): void {
    const { flushSecs } = this.#options
    this.#dueAt = this.#lastTime + flushSecs
    this.#timer = setTimeout(() => this.#tick(), flushSecs * 1000).unref()
  }

  #tick(): void {
    this.#timer = undefined
    this.#dueAt = Infinity
    try {
      this.flush()
    } catch (error) {
      this.#thrownLater = toError(error)
    }
    if (this.#pending.length > 0) this.#wait()
  }

  #write(): void {
    const { fs } = this.#options.host
    const { bytes: buffer, length } = this.#pending
    const fd = (this.#fd ??= this.#create())
    writeAll(fs, fd, buffer, length, this.#position)
    this.#position += length
    this.#pending.clear()
  }

  #create(): number {
    const { fd, path, size } = createEventFile(this.#options, this.#startStep)
    this.#startStep = undefined
    this.#path = path
    this.#position = size
    return fd
  }

  #attempt(write: () => unknown): void {
    try {
      write()
      if (this.#isFailing) {
        const lost = this.#lost > 0 ? `; ${this.#lost} events are lost` : ''
        this.#warn(`${this.#place()} is written again${lost}`)
      }
      this.#isFailing = false
      this.#lost = 0
    } catch (error) {
      this.#failed(toError(error))
    }
  }

  #failed(error: Error): void {
    const { onError } = this.#options
    const isFirst = !this.#isFailing
    this.#isFailing = true
    this.#cutBack()
    const message = `cannot write ${this.#place()}: ${error.message}`
    if (onError === 'throw') fail(message, { cause: error })
    if (isFirst)
      this.#warn(
        `${message}. Events are kept in memory, up to 16 MiB, and tried again; free some space, or log to another directory`,
      )
  }

  /** Cuts off what was written of a record that the disk did not take whole. */
  #cutBack(): void {
    try {
      if (this.#fd !== undefined) this.#options.host.fs.ftruncateSync(this.#fd, this.#position)
    } catch {
      // The next attempt writes over it.
    }
  }

  #place(): string {
    return this.#path ?? this.#options.directory
  }

  #warn(line: string): void {
    this.#options.host.warn(`[tensorboard-plugin-writer] ${line}`)
  }
}
