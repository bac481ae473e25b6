import { statSync } from 'node:fs'
import type { Row } from '../metrics/parse-rows.ts'
import { RunningSummary } from './key-summary.ts'
import { rowsFrom, stillAt, tailAt } from './row-parts.ts'

/** What is kept of a metrics file, so that it is read once, and then only what has been appended. */
export interface LogSummary {
  readonly keys: ReadonlyMap<string, RunningSummary>
  /** Rows read. */
  readonly rows: number
  /** Lines read, those that are no rows included. */
  readonly lines: number
  /** The first lines that are no rows, counted from 1. */
  readonly badLines: readonly number[]
  /** Bytes read. */
  readonly end: number
  /** The last bytes read, by which a file that was written anew is told from one that has grown. */
  readonly tail: string
}

const mostBadLines = 10

/** Reads what a metrics file has, on top of what was read before. */
export function summarizeLog(path: string, before?: LogSummary): LogSummary {
  const size = statSync(path).size
  const known = stillAt(path, size, before)
  const keys = new Map(Array.from(known?.keys ?? [], ([key, summary]) => [key, copyOf(summary)]))
  const add = rowAdder(keys)
  let { rows, lines, end } = known ?? { rows: 0, lines: 0, end: 0 }
  // The last line was perhaps on its way when it was found to be none; it is looked at again.
  const badLines = (known?.badLines ?? []).filter((line) => line <= lines)
  const onBad = (line: number): void => void (badLines.length < mostBadLines && badLines.push(line))
  for (const part of rowsFrom(path, size, known, onBad)) {
    for (const row of part.rows) add(row, rows++)
    ;({ end, lines } = part)
  }
  return { keys, rows, lines, badLines, end, tail: tailAt(path, end) }
}

/** Gives a function that takes the numbers out of rows, which mostly have the same keys in the same order. */
function rowAdder(keys: Map<string, RunningSummary>): (row: Row, index: number) => void {
  const order: { key: string; summary: RunningSummary | undefined }[] = []
  return (row, index) => {
    const step = row['step'] ?? row['epoch']
    const at = typeof step === 'number' ? step : index
    let i = 0
    for (const key in row) {
      const value = row[key]
      let entry = order[i]
      if (entry?.key !== key) entry = order[i] = { key, summary: keys.get(key) }
      i++
      if (typeof value !== 'number') continue
      if (!entry.summary) {
        entry.summary = keys.get(key) ?? new RunningSummary()
        keys.set(key, entry.summary)
      }
      entry.summary.add(value, at)
    }
  }
}

function copyOf(summary: RunningSummary): RunningSummary {
  return Object.assign(new RunningSummary(), summary)
}

/** What an index keeps of a summary. */
export type StoredSummary = readonly [
  keys: readonly (readonly [string, readonly (number | string)[]])[],
  rows: number,
  lines: number,
  badLines: readonly number[],
  end: number,
  tail: string,
]

export function storeSummary({ keys, rows, lines, badLines, end, tail }: LogSummary): StoredSummary {
  return [
    Array.from(keys, ([key, summary]) => [key, summary.toJSON()] as const),
    rows,
    lines,
    badLines,
    end,
    tail,
  ]
}

export function restoreSummary([keys, rows, lines, badLines, end, tail]: StoredSummary): LogSummary {
  return {
    keys: new Map(keys.map(([key, numbers]) => [key, RunningSummary.fromJSON(numbers)])),
    rows,
    lines,
    badLines,
    end,
    tail,
  }
}
