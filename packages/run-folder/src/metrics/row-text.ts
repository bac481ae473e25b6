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
  readonly text: string
  readonly isASCII: boolean
}

/**
 * Writes rows, each in one line of JSON in the way of Python: `{"loss": 0.5, "epoch": 0}`, with bare `NaN`, `Infinity` and `-Infinity`, which JSON does
 * not have but Python writes and reads. The rows of a file mostly have the same keys in the same order, so what stands between values is kept.
 */
export class RowFormat {
  /** Whether the last row has a byte for each character, as far as that is easy to see. */
  isASCII = true
  readonly #places: Place[] = []
  readonly #onKey: (key: string) => void

  /** @param onKey Called with each key, at least once. */
  constructor(onKey: (key: string) => void) {
    this.#onKey = onKey
  }

  text(row: MetricRow): string {
    const places = this.#places
    let text = ''
    let i = 0
    let isASCII = true
    for (const key in row) {
      const value = row[key]
      if (value === undefined) continue
      let place = places[i]
      if (place === undefined || place.key !== key) place = this.#place(i, key)
      i++
      text += place.text
      if (typeof value === 'number' && value !== 0) text += value
      else text += valueText(value)
      isASCII &&= place.isASCII && typeof value === 'number'
    }
    this.isASCII = isASCII
    return i === 0 ? '{}\n' : `${text}}\n`
  }

  #place(i: number, key: string): Place {
    const text = `${i === 0 ? '{' : ', '}${JSON.stringify(key)}: `
    const place = { key, text, isASCII: Buffer.byteLength(text) === text.length }
    this.#onKey(key)
    return (this.#places[i] = place)
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
