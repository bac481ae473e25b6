import { csvLine, type Output, tsvLine } from './output.ts'
import { plainText, textWidth, widest } from './text-width.ts'
import { shortValue, timeText } from './value-text.ts'

type Row = Readonly<Record<string, unknown>>

/** Prints rows of metrics as they come. Whenever rows have new keys, the names are printed again. */
export class RowPrinter {
  readonly #output: Output
  #columns: readonly string[] = []
  #widths: readonly number[] = []

  constructor(output: Output) {
    this.#output = output
  }

  print(rows: readonly Row[]): void {
    if (rows.length === 0) return
    const { format } = this.#output
    if (format === 'json') {
      // A line a row, for there may be more to come.
      for (const row of rows) this.#output.write(`${JSON.stringify(row)}\n`)
      return
    }
    const keys = new Set([...this.#columns, ...rows.flatMap((row) => Object.keys(row))])
    if (keys.size > this.#columns.length) this.#begin([...keys], rows)
    for (const row of rows) this.#line(this.#columns.map((column) => row[column]))
  }

  #begin(columns: readonly string[], rows: readonly Row[]): void {
    this.#columns = columns
    this.#widths = columns.map((column) =>
      widest([plainText(column), ...rows.map((row) => cellText(column, row[column]))]),
    )
    if (this.#output.format === 'table')
      this.#output.write(`${this.#output.paint.bold(this.#aligned(columns.map(plainText)))}\n`)
    else this.#line(columns)
  }

  #line(values: readonly unknown[]): void {
    const { format } = this.#output
    if (format === 'tsv') this.#output.write(tsvLine(values))
    else if (format === 'csv') this.#output.write(csvLine(values))
    else
      this.#output.write(`${this.#aligned(values.map((value, i) => cellText(this.#columns[i]!, value)))}\n`)
  }

  #aligned(texts: readonly string[]): string {
    return texts
      .map((text, i) => ' '.repeat(Math.max(0, this.#widths[i]! - textWidth(text))) + text)
      .join('  ')
  }
}

/** What the loggers call `time` is in seconds since 1970. */
function cellText(column: string, value: unknown): string {
  return column === 'time' && typeof value === 'number' && value > 1e9 ? timeText(value) : shortValue(value)
}
