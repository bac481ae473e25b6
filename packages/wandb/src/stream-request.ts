import { logFiles, type LogName, logNames } from './run-position.ts'

/** The server takes 10 MB in a request. More than two are sent for a long row only, alone: putting a request together must not hold up the training. */
const usualBytes = 2_000_000

/** Lines of a run's logs that go to the server in one request. */
export class StreamRequest {
  readonly #lines: Record<LogName, string[]> = { history: [], events: [], output: [] }
  #summary: string | undefined
  #bytes = 0

  get rows(): number {
    return this.#lines.history.length
  }

  get isEmpty(): boolean {
    return this.#bytes === 0 && this.#summary === undefined
  }

  /** Tells whether that many bytes more fit in; anything fits into an empty one. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes < usualBytes
  }

  count(log: LogName): number {
    return this.#lines[log].length
  }

  add(log: LogName, line: string): void {
    this.#lines[log].push(line)
    // Quotes within a line get a backslash each.
    this.#bytes += Buffer.byteLength(line) + (line.length >> 2) + 8
  }

  /** @param json The latest value of everything. */
  setSummary(json: string): void {
    this.#summary = json
  }

  /** Gives what is sent. @param offsets Where the first line of each log goes. */
  body(offsets: Readonly<Record<LogName, number>>): string {
    const files: Record<string, { offset: number; content: string[] }> = {}
    for (const log of logNames) {
      const content = this.#lines[log]
      if (content.length > 0) files[logFiles[log]] = { offset: offsets[log], content }
    }
    if (this.#summary !== undefined) files['wandb-summary.json'] = { offset: 0, content: [this.#summary] }
    return JSON.stringify({ files })
  }
}
