import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { parseRow, parseRows, type Row } from '../metrics/parse-rows.ts'
import { readChunks } from './read-chunks.ts'

const tailLength = 64

/** How far a metrics file has been read. */
export interface RowPlace {
  /** In bytes. */
  readonly end: number
  /** Lines read, those that are no rows included. */
  readonly lines: number
  /** The last bytes read, by which a file that was written anew is told from one that has grown. */
  readonly tail: string
}

/** Rows that stand together in a metrics file. */
export interface RowPart {
  readonly rows: readonly Row[]
  /** Whether these are the first ones of the file: what was read of it before no longer counts. */
  readonly isFirst: boolean
  readonly place: RowPlace
}

/**
 * Reads the rows of a metrics file in parts of about a megabyte, so that a large one needs little memory.
 * @param after Where an earlier reading ended. If the file is another by now, it is read from its beginning.
 * @param onBad Called with the number of each line that is no row, counted from 1.
 * @yields at least one part if the file is read from its beginning.
 */
export function* readRowParts(
  path: string,
  after: RowPlace | undefined,
  onBad: (line: number) => void,
): Generator<RowPart> {
  const { size } = statSync(path)
  const known = stillAt(path, size, after)
  let isFirst = known === undefined
  const placeAt = (end: number, lines: number): RowPlace => ({ end, lines, tail: tailAt(path, end) })
  for (const { rows, end, lines } of rowsFrom(path, size, known, onBad)) {
    yield { rows, isFirst, place: placeAt(end, lines) }
    isFirst = false
  }
  if (isFirst) yield { rows: [], isFirst, place: placeAt(0, 0) }
}

/**
 * Reads the rows behind a place, or all of them.
 * @param size How much of the file counts, in bytes.
 * @yields rows, with the bytes and lines that were read up to their end.
 */
export function* rowsFrom(
  path: string,
  size: number,
  from: Pick<RowPlace, 'end' | 'lines'> | undefined,
  onBad: (line: number) => void,
): Generator<{ readonly rows: readonly Row[]; readonly end: number; readonly lines: number }> {
  let lines = from?.lines ?? 0
  for (const { text, isWhole, end } of readChunks(path, from?.end ?? 0, size)) {
    if (isWhole) {
      const first = lines + 1
      const parsed = parseRows(text, (line) => onBad(first + line))
      lines += parsed.lines
      yield { rows: parsed.rows, end, lines }
      continue
    }
    // The last line may be on its way, or torn; it is a row if it can be one.
    const row = parseRow(text)
    if (row) yield { rows: [row], end, lines }
    else onBad(lines + 1)
  }
}

/** Gives a place back if the file is still the one in which it is; undefined if the file was written anew. */
export function stillAt<Place extends Pick<RowPlace, 'end' | 'tail'>>(
  path: string,
  size: number,
  place: Place | undefined,
): Place | undefined {
  return place && place.end <= size && tailAt(path, place.end) === place.tail ? place : undefined
}

/** Gives the bytes before a place in a file. */
export function tailAt(path: string, end: number): string {
  const length = Math.min(end, tailLength)
  const bytes = Buffer.alloc(length)
  const file = openSync(path, 'r')
  try {
    readSync(file, bytes, 0, length, end - length)
  } finally {
    closeSync(file)
  }
  return bytes.toString('latin1')
}
