import type { ServerRun } from './api.ts'
import type { RunInfo } from './record.ts'

/** The logs of a run on the server, by the names of their files. */
export const logFiles = {
  history: 'wandb-history.jsonl',
  events: 'wandb-events.jsonl',
  output: 'output.log',
} as const
export type LogName = keyof typeof logFiles
export const logNames: readonly LogName[] = ['history', 'events', 'output']

/**
 * Knows what of a file the server has already, so that everything is sent once, however often delivery starts anew. Rows are known by their step, since they
 * come in the order of steps, one a step; lines of the other logs by their number.
 */
export class RunPosition {
  readonly #server: ServerRun
  readonly #seen = { history: 0, events: 0, output: 0 }

  constructor(server: ServerRun, { eventLines, outputLines }: Pick<RunInfo, 'eventLines' | 'outputLines'>) {
    this.#server = server
    this.#seen.events = eventLines
    this.#seen.output = outputLines
  }

  /** The line of the server's log at which the first that it lacks goes. */
  offset(log: LogName): number {
    const { historyLines, eventLines, outputLines } = this.#server
    return { history: historyLines, events: eventLines, output: outputLines }[log]
  }

  /** Tells whether the server has the next line of a log, and counts it. */
  has(log: 'events' | 'output'): boolean {
    return this.#seen[log]++ < this.offset(log)
  }

  /** Tells whether the server has the next row. */
  hasRow(step: number): boolean {
    const { historyLines, lastStep } = this.#server
    const number = this.#seen.history++
    return lastStep === undefined || Number.isNaN(step) ? number < historyLines : step <= lastStep
  }
}
