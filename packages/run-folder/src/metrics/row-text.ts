import { fail } from '../errors.ts'
import type { PlainValue } from '../plain-tree.ts'

/** What `logMetrics` takes: numbers, most of the time. What is undefined is left out. */
export interface MetricRow {
  readonly [key: string]: PlainValue | undefined
}

/** A key at a place in a row. */
interface Place {
  readonly key: string
  /** What stands before its value: `{"loss": ` or `, "loss": `. */
  readonly before: Uint8Array
}

/**
 * Writes rows, each in one line of JSON in the way of Python: `{"loss": 0.5, "epoch": 0}`, with bare `NaN`, `Infinity` and `-Infinity`, which JSON does
 * not have but Python writes and reads. The rows of a file mostly have the same keys in the same order, so what stands between values is kept. Lines
 * are put together as bytes: joining texts, and turning them to bytes afterwards, takes a tenth more of all the time of logging.
 */
export class RowFormat {
  /** The last line, at its beginning. */
  bytes: Buffer = Buffer.allocUnsafeSlow(1024)
  readonly #places: Place[] = []
  readonly #onKey: (key: string) => void

  /** @param onKey Called with each key, at least once. */
  constructor(onKey: (key: string) => void) {
    this.#onKey = onKey
  }

  /** Writes a row to `bytes`, and gives the length of its line. */
  write(row: MetricRow): number {
    const places = this.#places
    let bytes = this.bytes
    let end = 0
    let i = 0
    for (const key in row) {
      const value = row[key]
      if (value === undefined) continue
      let place = places[i]
      if (place === undefined || place.key !== key) place = this.#place(i, key)
      i++
      const { before } = place
      const text = typeof value === 'number' && value !== 0 ? `${value}` : valueText(value)
      // A character of a text has up to three bytes; two more end the line.
      const room = end + before.length + 3 * text.length + 2
      if (room > bytes.length) bytes = this.#grow(room, end)
      for (let k = 0; k < before.length; k++) bytes[end++] = before[k]!
      if (typeof value === 'number') for (let k = 0; k < text.length; k++) bytes[end++] = text.charCodeAt(k)
      else end += bytes.write(text, end)
    }
    if (i === 0) bytes[end++] = 0x7b
    bytes[end++] = 0x7d
    bytes[end++] = 0x0a
    return end
  }

  #place(i: number, key: string): Place {
    const before = Buffer.from(`${i === 0 ? '{' : ', '}${JSON.stringify(key)}: `)
    this.#onKey(key)
    return (this.#places[i] = { key, before })
  }

  #grow(length: number, end: number): Buffer {
    const larger = Buffer.allocUnsafeSlow(2 * length)
    this.bytes.copy(larger, 0, 0, end)
    return (this.bytes = larger)
  }
}

function valueText(value: PlainValue | undefined): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : String(value)
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
  if (typeof value !== 'object' || value === null) return jsonText(value)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return `{${entries.map(([key, item]) => `${jsonText(key)}: ${valueText(item)}`).join(', ')}}`
}

function jsonText(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol')
    fail(`a row of metrics cannot hold a ${typeof value}; give it numbers`)
  return JSON.stringify(value)
}
