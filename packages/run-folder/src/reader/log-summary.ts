import { statSync } from 'node:fs'
import { RunningSummary } from './key-summary.ts'
import type { NumberBlock } from './number-scanner.ts'
import { numbersFrom, stillAt, tailAt } from './row-parts.ts'

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
  let { rows, lines, end } = known ?? { rows: 0, lines: 0, end: 0 }
  // The last line was perhaps on its way when it was found to be none; it is looked at again.
  const badLines = (known?.badLines ?? []).filter((line) => line <= lines)
  const onBad = (line: number): void => void (badLines.length < mostBadLines && badLines.push(line))
  for (const { found, ...part } of numbersFrom(path, size, known, onBad)) {
    for (const block of found) {
      addBlock(keys, block, rows)
      rows += block.rows
    }
    ;({ end, lines } = part)
  }
  return { keys, rows, lines, badLines, end, tail: tailAt(path, end) }
}

function addBlock(keys: Map<string, RunningSummary>, { rows, columns }: NumberBlock, first: number): void {
  const places =
    columns.get('step') ?? columns.get('epoch') ?? Float64Array.from({ length: rows }, (_, i) => first + i)
  for (const [key, values] of columns) {
    let summary = keys.get(key)
    if (!summary) keys.set(key, (summary = new RunningSummary()))
    for (let i = 0; i < rows; i++) summary.add(values[i]!, places[i]!)
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
