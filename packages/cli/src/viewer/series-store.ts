import { setImmediate } from 'node:timers/promises'
import type { RowPlace, StoredRun } from '@trainyard/run-folder'
import type { Line, LinesRequest } from './protocol.ts'
import { lineOf } from './series/line.ts'
import { LogColumns } from './series/log-columns.ts'

interface Kept {
  readonly columns: LogColumns
  readonly place: RowPlace | undefined
}

/** The numbers of metrics files that were looked at last, so that of one that grows only what is new is read. */
export class SeriesStore {
  readonly #kept = new Map<string, Kept>()
  readonly #budget: number

  /** @param budget How much to keep, in bytes. */
  constructor(budget: number = 64 << 20) {
    this.#budget = budget
  }

  /** Gives the columns of a metrics file as it is now. */
  columns(run: StoredRun, log: string): LogColumns {
    const name = `${run.id}\n${log}`
    const kept = this.#kept.get(name)
    let columns = kept?.columns ?? new LogColumns()
    let place = kept?.place
    for (const part of run.rowParts(log, place)) {
      if (part.isFirst) columns = new LogColumns()
      for (const row of part.rows) columns.add(row)
      place = part.place
    }
    // The last one that was used is the last one to go.
    this.#kept.delete(name)
    this.#kept.set(name, { columns, place })
    return columns
  }

  /** Makes the lines of a chart; runs without the metric have none. */
  async lines(runs: readonly StoredRun[], request: LinesRequest): Promise<Line[]> {
    const lines: Line[] = []
    let turn = performance.now()
    for (const run of runs) {
      const [log, key] = run.splitMetric(request.metric.split('.')) ?? []
      if (log === undefined || key === undefined) continue
      const columns = this.columns(run, log)
      if (columns.get(key)) lines.push(lineOf(run.id, columns, key, request))
      if (performance.now() - turn > 20) {
        await setImmediate()
        turn = performance.now()
      }
    }
    this.#forget()
    return lines
  }

  clear(): void {
    this.#kept.clear()
  }

  #forget(): void {
    let bytes = 0
    for (const { columns } of this.#kept.values()) bytes += columns.bytes
    for (const [name, { columns }] of this.#kept) {
      if (bytes <= this.#budget) return
      bytes -= columns.bytes
      this.#kept.delete(name)
    }
  }
}
