import type { Display } from './display.ts'
import type { StatusText } from './status-text.ts'

/**
 * Writes whole lines, for files and CI servers: a status at most once in so many seconds, and later only
 * when the action is a tenth older than at the last line. So a run of a day gives some dozens of them, not
 * thousands.
 */
export class PlainDisplay implements Display {
  readonly #write: (line: string) => void
  readonly #leastGap: number
  #openedAt = 0
  #lineAt = 0

  constructor(write: (line: string) => void, msPerLine: number) {
    this.#write = write
    this.#leastGap = msPerLine
  }

  open(now: number): void {
    this.#openedAt = now
    this.#lineAt = now
  }

  isDue(now: number, isEpochOver: boolean): boolean {
    return (
      !isEpochOver && now - this.#lineAt >= Math.max(this.#leastGap, (this.#lineAt - this.#openedAt) / 10)
    )
  }

  showStatus({ head, tail }: StatusText, now: number): void {
    this.print(`${head}  ${tail}`, now)
  }

  showNote(): void {}

  print(line: string, now: number): void {
    this.#lineAt = now
    this.#write(line)
  }

  close(): void {}
}
