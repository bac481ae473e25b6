import { parseRow } from '../metrics/parse-rows.ts'
import type { DecimalReader } from './decimal.ts'

/** A key, and a value that is a number or stays as it is; lists and groups make a line one of its own. */
const pair =
  /\s*("(?:[^"\\]|\\.)*")\s*:\s*(?:(-?(?:\d[\d.eE+-]*|Infinity)|NaN)|"(?:[^"\\]|\\.)*"|true|false|null)\s*([,}])/y

/** How the lines of a metrics file look that differ in their numbers alone. */
export class RowShape {
  /** The keys that have numbers, in their order. */
  readonly keys: readonly string[]
  /** What stands before each number, and behind the last one. */
  readonly #literals: readonly Buffer[]

  private constructor(keys: readonly string[], literals: readonly Buffer[]) {
    this.keys = keys
    this.#literals = literals
  }

  /** Finds out how a line looks, which ends with its line break; undefined if it is no row, or none of keys and plain values. */
  static of(line: Buffer): RowShape | undefined {
    const row = parseRow(line.toString())
    // A character for each byte, so that places are the same.
    const text = line.toString('latin1')
    const start = text.indexOf('{') + 1
    if (!row || start === 0) return undefined
    const keys: string[] = []
    const literals: Buffer[] = []
    let [literal, end, pairs] = [0, '', 0]
    for (pair.lastIndex = start; end !== '}'; pairs++) {
      const found = pair.exec(text)
      if (!found) return undefined
      const [all, key, number] = found
      end = found[3]!
      if (number === undefined) continue
      // Behind the number are spaces, and the end.
      const rest = /\s*[,}]$/.exec(all)![0].length
      const at = pair.lastIndex - rest - number.length
      literals.push(line.subarray(literal, at))
      keys.push(JSON.parse(Buffer.from(key!, 'latin1').toString()) as string)
      literal = at + number.length
    }
    // A key that stands twice would count twice.
    if (pairs !== Object.keys(row).length) return undefined
    return new RowShape(
      keys,
      [...literals, line.subarray(literal)].map((bytes) => Buffer.from(bytes)),
    )
  }

  /**
   * Puts the numbers of a line into the columns.
   * @returns where the next line begins, or -1 if this one looks otherwise; then what it has put there does not count.
   */
  take(
    bytes: Buffer,
    start: number,
    numbers: DecimalReader,
    columns: readonly Float64Array[],
    row: number,
  ): number {
    let at = start
    for (let i = 0; i < columns.length; i++) {
      at = behind(bytes, at, this.#literals[i]!)
      if (at === -1) return -1
      columns[i]![row] = numbers.read(at)
      at = numbers.end
      if (at === -1) return -1
    }
    return behind(bytes, at, this.#literals[columns.length]!)
  }
}

/** Gives the place behind a literal, or -1 if it does not stand there. */
function behind(bytes: Buffer, start: number, literal: Buffer): number {
  const { length } = literal
  if (start + length > bytes.length) return -1
  for (let i = 0; i < length; i++) if (bytes[start + i] !== literal[i]) return -1
  return start + length
}
