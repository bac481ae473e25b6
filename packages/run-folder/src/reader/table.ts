import { stripVTControlCharacters } from 'node:util'

/** Rows of values, to print or to pass on. */
export class Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]

  constructor(columns: readonly string[], rows: readonly (readonly unknown[])[]) {
    this.columns = columns
    this.rows = rows
  }

  /** Makes a table of columns of the same length. */
  static ofColumns(columns: Readonly<Record<string, readonly unknown[]>>): Table {
    const names = Object.keys(columns)
    const length = columns[names[0] ?? '']?.length ?? 0
    return new Table(
      names,
      Array.from({ length }, (_, i) => names.map((name) => columns[name]![i])),
    )
  }

  /** Gives the table in columns of text, numbers to the right and shortened to six digits. */
  toTable(): string {
    const cells = this.rows.map((row) =>
      row.map((value) => ({ text: shortText(value), isNumber: typeof value === 'number' })),
    )
    const widths = this.columns.map((name, i) =>
      Math.max(name.length, ...cells.map((row) => row[i]!.text.length)),
    )
    const isRight = this.columns.map(
      (_, i) => cells.length > 0 && cells.every((row) => row[i]!.isNumber || row[i]!.text === ''),
    )
    const line = (texts: readonly string[]): string =>
      texts
        .map((text, i) => (isRight[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd()
    return [line(this.columns), ...cells.map((row) => line(row.map(({ text }) => text)))].join('\n')
  }

  /** Gives the table as RFC 4180 says, numbers in full. */
  toCSV(): string {
    const cell = (value: unknown): string => {
      const text = fullText(value)
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
    }
    return `${[this.columns, ...this.rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
  }

  /** Gives an object a row; what is missing is left out. */
  toJSON(): Record<string, unknown>[] {
    return this.rows.map((row) =>
      Object.fromEntries(
        this.columns.map((name, i) => [name, row[i]] as const).filter(([, value]) => value !== undefined),
      ),
    )
  }
}

function fullText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** What is shown on a terminal must not be able to command it. */
function shortText(value: unknown): string {
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
  // oxlint-disable-next-line no-control-regex
  return stripVTControlCharacters(fullText(value)).replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
}
