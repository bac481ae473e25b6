import type { Display } from './display.ts'
import { interceptWrites } from './intercept-writes.ts'
import { type OutputStream, sharedScreen } from './output-stream.ts'
import type { StatusText } from './status-text.ts'

const redrawEvery = 100
const eraseLine = '\r\u001B[K'
const barWidth = { least: 5, most: 25 }

/**
 * Keeps one line of a terminal up to date, ten times a second at most. While it is open it takes the line
 * away before anything else is written to the stream, by `console.log` for example, and puts it back below.
 */
export class LiveDisplay implements Display {
  readonly #stream: OutputStream
  #line = ''
  #drawnAt = -Infinity
  /** Somebody else wrote a part of a line: the next thing of ours begins a new one. */
  #inForeignLine = false
  #ownWrite = false
  #restore: (() => void)[] = []

  constructor(stream: OutputStream) {
    this.#stream = stream
  }

  open(): void {
    this.close()
    this.#restore = sharedScreen(this.#stream).map((stream) =>
      interceptWrites(stream, (write, chunk) => this.#letThrough(write, chunk)),
    )
  }

  isDue(now: number): boolean {
    return now - this.#drawnAt >= redrawEvery
  }

  showStatus({ head, fraction, tail }: StatusText, now: number): void {
    if (fraction === undefined) return this.showNote(`${head}  ${tail}`, now)
    const room = this.#columns() - head.length - tail.length - 3
    // In fives, so that it does not change with every digit beside it.
    const width = Math.max(barWidth.least, Math.min(barWidth.most, room - (room % 5)))
    const full = Math.floor(fraction * width)
    this.showNote(`${head} ${'█'.repeat(full)}${'░'.repeat(width - full)}  ${tail}`, now)
  }

  showNote(note: string, now: number): void {
    this.#drawnAt = now
    this.#line = note.slice(0, this.#columns()).trimEnd()
    this.#draw()
  }

  print(line: string): void {
    this.#write(`${this.#lineStart()}${line}\n`)
    this.#line = ''
  }

  close(): void {
    if (this.#line && !this.#inForeignLine) this.#write(eraseLine)
    for (const restore of this.#restore.splice(0)) restore()
    this.#line = ''
    this.#drawnAt = -Infinity
    this.#inForeignLine = false
  }

  /** One less than the terminal has: some go to the next line as soon as the last column is full. */
  #columns(): number {
    return (this.#stream.columns || 80) - 1
  }

  #draw(): void {
    this.#write(this.#lineStart() + this.#line)
  }

  #lineStart(): string {
    const start = this.#inForeignLine ? '\n' : eraseLine
    this.#inForeignLine = false
    return start
  }

  #write(text: string): void {
    this.#ownWrite = true
    try {
      this.#stream.write(text)
    } finally {
      this.#ownWrite = false
    }
  }

  #letThrough(write: () => unknown, chunk: string | Uint8Array): unknown {
    if (this.#ownWrite || chunk.length === 0) return write()
    if (this.#line && !this.#inForeignLine) this.#write(eraseLine)
    const result = write()
    this.#inForeignLine = !(typeof chunk === 'string' ? chunk.endsWith('\n') : chunk.at(-1) === 10)
    if (this.#line && !this.#inForeignLine) this.#draw()
    return result
  }
}
