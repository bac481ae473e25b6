import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { parseRow, parseRows, type Row } from '../metrics/parse-rows.ts'
import { blocksOf, type NumberBlock, NumberScanner } from './number-scanner.ts'
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

/** Numbers that stand together in a metrics file. */
export interface NumberPart {
  readonly blocks: readonly NumberBlock[]
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
  for (const { found, ...part } of readParts(path, after, (size, known) =>
    rowsFrom(path, size, known, onBad),
  ))
    yield { rows: found ?? [], ...part }
}

/**
 * Reads the numbers of a metrics file, as `readRowParts` reads its rows, but faster.
 * @yields at least one part if the file is read from its beginning.
 */
export function* readNumberParts(
  path: string,
  after: RowPlace | undefined,
  onBad: (line: number) => void,
): Generator<NumberPart> {
  const numbers = readParts(path, after, (size, known) => numbersFrom(path, size, known, onBad))
  for (const { found, ...part } of numbers) yield { blocks: found ?? [], ...part }
}

/** What was found in a part of a file, and how much was read up to its end. */
interface Found<T> {
  readonly found: T
  readonly end: number
  readonly lines: number
}

function* readParts<T>(
  path: string,
  after: RowPlace | undefined,
  read: (size: number, known: RowPlace | undefined) => Iterable<Found<T>>,
): Generator<{ readonly found: T | undefined; readonly isFirst: boolean; readonly place: RowPlace }> {
  const { size } = statSync(path)
  const known = stillAt(path, size, after)
  let isFirst = known === undefined
  for (const { found, end, lines } of read(size, known)) {
    yield { found, isFirst, place: { end, lines, tail: tailAt(path, end) } }
    isFirst = false
  }
  if (isFirst) yield { found: undefined, isFirst, place: { end: 0, lines: 0, tail: '' } }
}

/** Where in a file reading begins. */
type Start = Pick<RowPlace, 'end' | 'lines'> | undefined

function rowsFrom(
  path: string,
  size: number,
  from: Start,
  onBad: (line: number) => void,
): Generator<Found<readonly Row[]>> {
  return partsFrom(path, size, from, onBad, {
    lines(bytes, onBadLine) {
      const { rows, lines } = parseRows(bytes.toString(), onBadLine)
      return { found: rows, lines }
    },
    last: (row) => [row],
  })
}

/**
 * Reads the numbers behind a place, or all of them.
 * @param size How much of the file counts, in bytes.
 * @returns numbers, with the bytes and lines that were read up to their end.
 */
export function numbersFrom(
  path: string,
  size: number,
  from: Start,
  onBad: (line: number) => void,
): Generator<Found<readonly NumberBlock[]>> {
  const scanner = new NumberScanner()
  return partsFrom(path, size, from, onBad, {
    lines(bytes, onBadLine) {
      const { blocks, lines } = scanner.scan(bytes, onBadLine)
      return { found: blocks, lines }
    },
    last: (row) => blocksOf([row]),
  })
}

/** How parts of a file are understood. */
interface PartReader<T> {
  /** Reads whole lines, and says how many there are; `onBad` is called with the index of each that is no row. */
  lines(bytes: Buffer, onBad: (line: number) => void): { readonly found: T; readonly lines: number }
  /** Takes the row behind the last line break. */
  last(row: Row): T
}

function* partsFrom<T>(
  path: string,
  size: number,
  from: Start,
  onBad: (line: number) => void,
  reader: PartReader<T>,
): Generator<Found<T>> {
  let lines = from?.lines ?? 0
  for (const { bytes, isWhole, end } of readChunks(path, from?.end ?? 0, size)) {
    if (isWhole) {
      const first = lines + 1
      const part = reader.lines(bytes, (line) => onBad(first + line))
      lines += part.lines
      yield { found: part.found, end, lines }
      continue
    }
    // The last line may be on its way, or torn; it is a row if it can be one.
    const row = parseRow(bytes.toString())
    if (row) yield { found: reader.last(row), end, lines }
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
