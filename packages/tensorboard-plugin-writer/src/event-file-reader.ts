import fs from 'node:fs'
import { maskedCrc } from './crc32c.ts'
import { fail, toError } from './errors.ts'
import { decodeEvent, type LoggedEvent } from './logged-event.ts'
import type { FileSystem } from './writer-host.ts'

const chunkSize = 1 << 18

/**
 * Reads an event file, also one that is still being written: each `read()` goes on where the last one ended. Checksums are verified.
 *
 * ```ts
 * const reader = new EventFileReader('runs/a/events.out.tfevents.1790000000.host.1.0')
 * for (const { step, values } of reader.read()) console.log(step, values)
 * ```
 */
export class EventFileReader {
  readonly path: string
  readonly #fs: Pick<FileSystem, 'openSync' | 'readSync' | 'closeSync'>
  #offset = 0

  constructor(path: string, host: { fs: Pick<FileSystem, 'openSync' | 'readSync' | 'closeSync'> } = { fs }) {
    this.path = path
    this.#fs = host.fs
  }

  /** Where the next record begins: the bytes that were read. */
  get offset(): number {
    return this.#offset
  }

  /**
   * Gives the events whose records are whole by now. Half a record at the end is left for the next call.
   * @yields them in the order of the file.
   * @throws at a record whose checksum is wrong, with its place; also in each later call.
   */
  *read(): Generator<LoggedEvent> {
    const fd = this.#fs.openSync(this.path, 'r')
    try {
      let wanted = chunkSize
      for (;;) {
        // New at each turn: what was given away points into the old one.
        const chunk = Buffer.allocUnsafeSlow(wanted)
        const length = this.#fill(fd, chunk)
        let at = 0
        for (let size = this.#sizeAt(chunk, 0, length); at + size <= length;) {
          yield this.#event(chunk, at, size)
          at += size
          size = this.#sizeAt(chunk, at, length)
        }
        if (length < wanted) return
        wanted = Math.max(chunkSize, at === 0 ? this.#sizeAt(chunk, 0, length) : 0)
      }
    } finally {
      this.#fs.closeSync(fd)
    }
  }

  #fill(fd: number, chunk: Uint8Array): number {
    let length = 0
    while (length < chunk.length) {
      const read = this.#fs.readSync(fd, chunk, length, chunk.length - length, this.#offset + length)
      if (read === 0) break
      length += read
    }
    return length
  }

  /** Gives the size of the record at `at`, its frame included; infinite where not even its length is there. */
  #sizeAt(chunk: Buffer, at: number, length: number): number {
    if (at + 12 > length) return Infinity
    if (maskedCrc(chunk, at, at + 8) !== chunk.readUInt32LE(at + 8)) this.#damaged('its length')
    return Number(chunk.readBigUInt64LE(at)) + 16
  }

  #event(chunk: Buffer, at: number, size: number): LoggedEvent {
    const data = chunk.subarray(at + 12, at + size - 4)
    if (maskedCrc(data) !== chunk.readUInt32LE(at + size - 4)) this.#damaged('its data')
    const start = this.#offset
    try {
      const event = decodeEvent(data, start, start + size)
      this.#offset += size
      return event
    } catch (error) {
      return fail(`${this.path}: the record at byte ${start} holds no event: ${toError(error).message}`)
    }
  }

  #damaged(what: string): never {
    fail(`${this.path}: the record at byte ${this.#offset} is damaged: the checksum of ${what} is wrong`)
  }
}
