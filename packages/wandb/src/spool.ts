import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { encodeRecord } from './encode-record.ts'
import { fail, messageOf } from './errors.ts'
import { fileHeader, RecordBuffer } from './record-log.ts'
import type { WandbRecord } from './record.ts'
import { scanFile, type SpoolContent, type SpoolPosition } from './scan-file.ts'

/** Milliseconds that records wait at most before they are handed to the operating system. */
const flushEvery = 250
const bufferSize = 1 << 16

/**
 * The `.wandb` file of a run. Records are handed to the operating system within a quarter of a second, so that a kill loses no more; behind them stands
 * the tail, written anew each time: the row under way and the summary, so that the file is whole at any moment.
 */
export class Spool {
  readonly file: string
  #descriptor: number | undefined
  #buffer = new RecordBuffer(0)
  #records = 0
  #fileSize = 0
  #lastFlush = 0
  #changed = false
  #broken = false
  #timer: NodeJS.Timeout | undefined
  readonly #tail: () => readonly WandbRecord[]
  readonly #tick: () => void
  readonly #warn: (line: string) => void
  readonly #flushAtExit = (): void => void this.flush()

  /**
   * @param tail What stands behind the records; asked at each flush.
   * @param tick Called a few times a second, before a flush.
   */
  constructor(
    file: string,
    { tail, tick, warn }: { tail(): readonly WandbRecord[]; tick(): void; warn(line: string): void },
  ) {
    this.file = file
    this.#tail = tail
    this.#tick = tick
    this.#warn = warn
  }

  /** The folder of files that go with the run. */
  get files(): string {
    return join(dirname(this.file), 'files')
  }

  /** Bytes that stand for good: the tail does not count, nor what is not flushed. */
  get flushedEnd(): number {
    return this.#buffer.start
  }

  /** Begins a new file. @throws if the disk refuses. */
  create(): void {
    try {
      mkdirSync(this.files, { recursive: true })
      this.#descriptor = openSync(this.file, 'wx')
      writeSync(this.#descriptor, fileHeader, 0, fileHeader.length, 0)
    } catch (cause) {
      fail(`cannot make ${this.file}: ${messageOf(cause)}; set \`dir\` to a place that can be written to`, {
        cause,
      })
    }
    this.#start(fileHeader.length, 0)
    this.append({ kind: 'header' })
  }

  /**
   * Goes on with the file, from its end or from an earlier position: rows behind that are cut. What is no row, such as console output, stays, since it will
   * not come again.
   * @returns what it holds; undefined if the file has no such position.
   */
  async reopen(position?: SpoolPosition): Promise<SpoolContent | undefined> {
    if (!existsSync(this.file)) return undefined
    const { kept, content } = await scanFile(this.file, position?.offset)
    if (!kept) return undefined
    this.#descriptor = openSync(this.file, 'r+')
    ftruncateSync(this.#descriptor, kept.offset)
    this.#start(kept.offset, kept.records)
    for (const record of kept.others) this.append(record)
    return content
  }

  /** Goes on after `close()`, in the process that closed it. */
  continue(): void {
    this.#descriptor = openSync(this.file, 'r+')
    this.#start(this.#buffer.end, this.#records)
  }

  /** Tells that the tail is another. */
  touch(): void {
    this.#changed = true
  }

  /** Adds a record; its content is copied. */
  append(record: WandbRecord): void {
    this.#changed = true
    this.#buffer.append(encodeRecord(++this.#records, record))
    // Where timers get no turn. A clock that goes back does no harm: with a turn, the timer flushes.
    if (this.#buffer.length > bufferSize || Date.now() - this.#lastFlush > flushEvery) this.flush()
  }

  /** Hands everything to the operating system, the tail too. A disk that is full is no reason to end a run. */
  flush(): SpoolPosition {
    const { end } = this.#buffer
    const position = { offset: end, records: this.#records }
    if (this.#descriptor === undefined || !this.#changed) return position
    this.#lastFlush = Date.now()
    const { length, start } = this.#buffer
    let number = this.#records
    for (const record of this.#tail()) this.#buffer.append(encodeRecord(++number, record))
    try {
      let written = 0
      const { bytes } = this.#buffer
      while (written < bytes.length)
        written += writeSync(this.#descriptor, bytes, written, bytes.length - written, start + written)
      if (this.#fileSize > this.#buffer.end) ftruncateSync(this.#descriptor, this.#buffer.end)
      this.#fileSize = this.#buffer.end
      this.#buffer.restart(end)
      this.#changed = false
      this.#broken = false
    } catch (error) {
      // What was not written is kept, and tried again.
      this.#buffer.length = length
      const isFirst = !this.#broken
      // Before the warning, which may be captured and come back as a record.
      this.#broken = true
      if (isFirst)
        this.#warn(
          `cannot write ${this.file}: ${messageOf(error)}. Rows are kept in memory, and tried again; free some space`,
        )
    }
    return position
  }

  /** Writes what there is, and lets go of the file. */
  close(): void {
    this.flush()
    clearInterval(this.#timer)
    process.off('exit', this.#flushAtExit)
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
    if (this.#buffer.length === 0) return
    this.#warn(`${this.#buffer.length} bytes of ${this.file} could not be written and are lost`)
    this.#buffer.restart(this.#buffer.start)
  }

  #start(end: number, records: number): void {
    this.#buffer.restart(end)
    this.#records = records
    this.#fileSize = Infinity
    this.#changed = true
    this.#timer = setInterval(() => {
      this.#tick()
      this.flush()
    }, flushEvery)
    this.#timer.unref()
    process.on('exit', this.#flushAtExit)
  }
}
