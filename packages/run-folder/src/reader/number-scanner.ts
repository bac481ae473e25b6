import { parseRows, type Row } from '../metrics/parse-rows.ts'
import { DecimalReader } from './decimal.ts'
import { RowShape } from './row-shape.ts'

/** The numbers of rows that stand together and have the same keys. */
export interface NumberBlock {
  /** How many rows there are. */
  readonly rows: number
  /** Of each key the number of each row. */
  readonly columns: ReadonlyMap<string, Float64Array>
}

const lineBreak = 0x0a

/** Lines that look in more ways than these are parsed as JSON. */
const mostShapes = 8

/** So many rows a block has at most. */
const mostRows = 1024

/** How some lines look, and room for the numbers of a block of them. */
interface KnownShape {
  readonly shape: RowShape
  readonly columns: readonly Float64Array[]
}

/**
 * Takes the numbers out of the lines of a metrics file, nearly twice as fast as `JSON.parse`: nearly always a line looks as the one before, so that only
 * its numbers have to be read. A line that nothing is known of is parsed, and what follows is compared with it.
 */
export class NumberScanner {
  readonly #known: KnownShape[] = []

  /**
   * Scans whole lines.
   * @param onBad Called with the index of each line that is no row; it is left out.
   * @returns the numbers of the rows, in their order, and how many lines there are.
   */
  scan(bytes: Buffer, onBad: (line: number) => void): { blocks: NumberBlock[]; lines: number } {
    const blocks: NumberBlock[] = []
    const numbers = new DecimalReader(bytes)
    let [at, lines] = [0, 0]
    while (at < bytes.length) {
      const known = this.#shapeAt(bytes, at)
      if (!known) {
        const before = lines
        const parsed = parseRows(bytes.toString('utf8', at), (line) => onBad(before + line))
        return { blocks: [...blocks, ...blocksOf(parsed.rows)], lines: lines + parsed.lines }
      }
      const block = blockAt(bytes, at, known, numbers)
      blocks.push(block)
      at = block.end
      lines += block.rows
    }
    return { blocks, lines }
  }

  /** Finds how the line at a place looks. */
  #shapeAt(bytes: Buffer, at: number): KnownShape | undefined {
    const line = bytes.subarray(at, bytes.indexOf(lineBreak, at) + 1)
    const numbers = new DecimalReader(line)
    const found = this.#known.find(({ shape, columns }) => shape.take(line, 0, numbers, columns, 0) !== -1)
    if (found || this.#known.length === mostShapes) return found
    const shape = RowShape.of(line)
    if (!shape) return undefined
    const known = { shape, columns: shape.keys.map(() => new Float64Array(mostRows)) }
    this.#known.push(known)
    return known
  }
}

/** Reads lines as long as they look alike. */
function blockAt(
  bytes: Buffer,
  start: number,
  { shape, columns }: KnownShape,
  numbers: DecimalReader,
): NumberBlock & { readonly end: number } {
  let [rows, end] = [0, start]
  for (; end < bytes.length && rows < mostRows; rows++) {
    const next = shape.take(bytes, end, numbers, columns, rows)
    if (next === -1) break
    end = next
  }
  return { rows, end, columns: new Map(shape.keys.map((key, i) => [key, columns[i]!.slice(0, rows)])) }
}

/** Puts rows together that have the same keys. */
export function blocksOf(rows: readonly Row[]): NumberBlock[] {
  const blocks: NumberBlock[] = []
  for (let first = 0, last = 0; first < rows.length; first = last) {
    const keys = numberKeys(rows[first]!)
    while (last < rows.length && sameKeys(numberKeys(rows[last]!), keys)) last++
    const part = rows.slice(first, last)
    const columns = keys.map((key) => [key, Float64Array.from(part, (row) => row[key] as number)] as const)
    blocks.push({ rows: part.length, columns: new Map(columns) })
  }
  return blocks
}

function numberKeys(row: Row): string[] {
  return Object.keys(row).filter((key) => typeof row[key] === 'number')
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i])
}
