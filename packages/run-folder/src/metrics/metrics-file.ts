import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { fail, messageOf } from '../errors.ts'
import { parseRow } from './parse-rows.ts'

/**
 * A file of lines that only grows. It stays open, and each line is one write: a process that is killed loses none, and the file does not have to be
 * opened for each.
 */
export class MetricsFile {
  readonly path: string
  /** In bytes. */
  size: number
  readonly #file: number
  #isDirty = false

  constructor(path: string) {
    this.path = path
    this.#file = openSync(path, 'a+')
    this.size = fstatSync(this.#file).size
    this.#mendEnd()
  }

  /** Appends a line: the first so many bytes. */
  append(bytes: Uint8Array, length: number): void {
    let written = 0
    try {
      this.#isDirty = true
      // Rarely a disk takes only a part of it.
      while (written < length) written += writeSync(this.#file, bytes, written, length - written)
    } catch (error) {
      // A part of a line would spoil the next one, too.
      this.cut(this.size)
      fail(`cannot write "${this.path}": ${messageOf(error)}`, { cause: error })
    }
    this.size += written
  }

  /** Waits until all lines survive a power loss. */
  flush(): void {
    if (this.#isDirty) fdatasyncSync(this.#file)
    this.#isDirty = false
  }

  /** Cuts the file back to a size. */
  cut(size: number): void {
    ftruncateSync(this.#file, size)
    this.size = size
    this.#isDirty = true
  }

  close(): void {
    closeSync(this.#file)
  }

  /** A last line that a power loss or a full disk has torn gets its line break if it is a row, and goes if it is none: the next one must not be glued to it. */
  #mendEnd(): void {
    const tail = this.#lastLine()
    if (tail.length === 0) return
    if (parseRow(tail.toString())) this.append(Uint8Array.of(0x0a), 1)
    else this.cut(this.size - tail.length)
  }

  /** Reads what comes after the last line break. */
  #lastLine(): Buffer {
    for (let length = 1 << 16; ; length *= 2) {
      const from = Math.max(0, this.size - length)
      const end = Buffer.alloc(this.size - from)
      readSync(this.#file, end, 0, end.length, from)
      const lineBreak = end.lastIndexOf(0x0a)
      if (lineBreak !== -1 || from === 0) return end.subarray(lineBreak + 1)
    }
  }
}
