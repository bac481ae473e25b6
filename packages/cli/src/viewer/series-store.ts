import { setImmediate } from 'node:timers/promises'
import type { RowPlace, StoredRun } from '@trainyard/run-folder'
import type { Line, LinesRequest } from './protocol.ts'
import { plansOf } from './series/line.ts'
import { LogColumns } from './series/log-columns.ts'
import { type Points, pointsOf } from './series/points.ts'

interface Kept {
  readonly columns: LogColumns
  readonly place: RowPlace | undefined
}

/** How long other work waits, and how long a person waits for the first lines of many, in milliseconds. */
const longestTurn = 20
const patience = 500

/** What is ready is sent before it takes more memory than this, in points: a chart never has so many, all points of many runs may. */
const mostPoints = 1 << 19

/** The numbers of metrics files that were looked at last, so that of one that grows only what is new is read. */
export class SeriesStore {
  readonly #kept = new Map<string, Kept>()
  readonly #budget: number
  #bytes = 0

  /** @param budget How much to keep, in bytes. */
  constructor(budget: number = 64 << 20) {
    this.#budget = budget
  }

  /** How much is kept, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Gives the columns of a metrics file as it is now. */
  columns(run: StoredRun, log: string): LogColumns {
    const name = `${run.id}\n${log}`
    const kept = this.#kept.get(name)
    this.#bytes -= kept?.columns.bytes ?? 0
    this.#kept.delete(name)
    let columns = kept?.columns ?? new LogColumns()
    let place = kept?.place
    for (const part of run.numberParts(log, place)) {
      if (part.isFirst) columns = new LogColumns()
      for (const block of part.blocks) columns.add(block)
      place = part.place
    }
    // The last one that was used is the last one to go.
    this.#kept.set(name, { columns, place })
    this.#bytes += columns.bytes
    this.#forget()
    return columns
  }

  /**
   * Makes the lines of a chart; runs without the metric have none.
   * @yields those that are ready whenever somebody has waited for a while or they are many, and at the end.
   */
  async *lines(runs: ReadonlyMap<string, StoredRun>, request: LinesRequest): AsyncGenerator<Line[]> {
    let lines: Line[] = []
    let turn = performance.now()
    let sent = turn
    let count = 0
    for (const plan of plansOf(request)) {
      const points: Points[] = []
      for (const id of plan.runs) {
        const run = runs.get(id)
        points.push(...(run ? this.#points(run, request) : []))
        const now = performance.now()
        if (now - turn < longestTurn) continue
        if (now - sent > patience && lines.length > 0) {
          yield lines
          lines = []
          count = 0
          sent = performance.now()
        }
        await setImmediate()
        turn = performance.now()
      }
      if (points.length === 0) continue
      const line = plan.make(points)
      lines.push(line)
      count += line.x.length
      if (count < mostPoints) continue
      yield lines
      lines = []
      count = 0
    }
    yield lines
  }

  /** Gives the points of a run, if it has the metric. */
  #points(run: StoredRun, { metric, axis }: LinesRequest): Points[] {
    const [log, key] = run.splitMetric(metric.split('.')) ?? []
    if (log === undefined || key === undefined) return []
    const columns = this.columns(run, log)
    return columns.get(key) ? [pointsOf(columns, key, axis)] : []
  }

  clear(): void {
    this.#kept.clear()
    this.#bytes = 0
  }

  #forget(): void {
    for (const [name, { columns }] of this.#kept) {
      // The one that was looked at last stays, however large.
      if (this.#bytes <= this.#budget || this.#kept.size === 1) return
      this.#bytes -= columns.bytes
      this.#kept.delete(name)
    }
  }
}
