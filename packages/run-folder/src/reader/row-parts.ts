import { statSync } from 'node:fs'
import { parseRow, parseRows, type Row } from '../metrics/parse-rows.ts'
import { tailAt } from './log-summary.ts'
import { readChunks } from './read-chunks.ts'

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
  const known = after && after.end <= size && tailAt(path, after.end) === after.tail ? after : undefined
  let { end, lines } = known ?? { end: 0, lines: 0 }
  let isFirst = known === undefined
  for (const chunk of readChunks(path, end, size)) {
    let rows: readonly Row[]
    if (chunk.isWhole) {
      const first = lines + 1
      const parsed = parseRows(chunk.text, (line) => onBad(first + line))
      rows = parsed.rows
      lines += parsed.lines
    } else {
      // The last line may be on its way, or torn; it is a row if it can be one.
      const row = parseRow(chunk.text)
      if (!row) {
        onBad(lines + 1)
        break
      }
      rows = [row]
    }
    end = chunk.end
    yield { rows, isFirst, place: { end, lines, tail: tailAt(path, end) } }
    isFirst = false
  }
  if (isFirst) yield { rows: [], isFirst, place: { end, lines, tail: tailAt(path, end) } }
}
