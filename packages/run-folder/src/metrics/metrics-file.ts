import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { fail, messageOf } from '../errors.ts'
import { parseRow } from './parse-rows.ts'

/** How much of a file's end is searched for the last line break. */
const longestTail = 1 << 20

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

  /** @param isASCII Whether it is known that the line has a byte for each character. */
  append(line: string, isASCII = false): void {
    let written = 0
    try {
      this.#isDirty = true
      written = writeSync(this.#file, line)
      // Rarely a disk takes only a part of it.
      if (written !== (isASCII ? line.length : Buffer.byteLength(line))) {
        const bytes = Buffer.from(line)
        while (written < bytes.length) written += writeSync(this.#file, bytes, written)
      }
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
    const length = Math.min(this.size, longestTail)
    if (length === 0) return
    const end = Buffer.alloc(length)
    readSync(this.#file, end, 0, length, this.size - length)
    if (end.at(-1) === 0x0a) return
    const tail = end.subarray(end.lastIndexOf(0x0a) + 1)
    if (parseRow(tail.toString())) this.append('\n')
    else this.cut(this.size - tail.length)
  }
}
