import { Table } from '@trainyard/run-folder'
import type { Host } from '../host.ts'
import { type Paint, paintFor } from './paint.ts'
import { printTable } from './print-table.ts'
import { plainLines } from './text-width.ts'
import { fullValue } from './value-text.ts'

/** What a command prints: `table` is for people. */
export type Format = 'table' | 'tsv' | 'csv' | 'json'

/** Prints what a command has found, in the format that was asked for. */
export class Output {
  readonly format: Format
  /** Colours what goes to stdout. */
  readonly paint: Paint
  readonly #notePaint: Paint
  readonly #host: Host

  constructor(host: Host, { json, csv, color }: { json: boolean; csv: boolean; color: boolean }) {
    this.#host = host
    this.format = json ? 'json' : csv ? 'csv' : host.stdout.isTTY ? 'table' : 'tsv'
    this.paint = paintFor(host.stdout, host.env, color)
    this.#notePaint = paintFor(host.stderr, host.env, color)
  }

  /** How many characters fit in a line. */
  get width(): number {
    return this.#host.stdout.columns || 80
  }

  /** Prints a table. JSON has an object a row, and null for what is not finite. */
  table(table: Table): void {
    if (this.format === 'json') this.json(table.toJSON())
    else if (this.format === 'csv') this.write(table.toCSV())
    else if (this.format === 'tsv') this.write(tsvText(table))
    else this.write(`${this.tableText(table)}\n`)
  }

  /** Gives a table as it is at a terminal; says what of it does not fit. */
  tableText(table: Table, indent = ''): string {
    const { text, leftOut } = printTable(table, this.width - indent.length, this.paint)
    if (leftOut.length > 0)
      this.note(`not shown, as the terminal is too narrow: ${leftOut.join(', ')}; --json has all`)
    return text.replaceAll(/^/gm, indent)
  }

  json(value: unknown): void {
    this.write(`${JSON.stringify(value, null, 2)}\n`)
  }

  /** Prints text to stdout, as it is. */
  write(text: string): void {
    this.#host.stdout.write(text)
  }

  /** Prints a line that is not part of the data. */
  note(text: string): void {
    this.#host.stderr.write(`${plainLines(text)}\n`)
  }

  /** Prints what a person at the terminal may want to know, and no other program. */
  remark(text: string): void {
    if (this.format === 'table') this.#host.stderr.write(`${this.#notePaint.dim(plainLines(text))}\n`)
  }

  warn(text: string): void {
    this.#host.stderr.write(`${this.#notePaint.yellow('warning:')} ${plainLines(text)}\n`)
  }
}

/** Gives a line of names and lines of values, with tabs between. */
function tsvText({ columns, rows }: Table): string {
  return [columns, ...rows].map((row) => tsvLine(row)).join('')
}

/** Gives values with tabs between; a tab or line break in a value is written as `\t`, `\n` or `\r`, and a backslash as two. */
export function tsvLine(values: readonly unknown[]): string {
  return `${values.map(tsvCell).join('\t')}\n`
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function tsvCell(value: unknown): string {
  // Most are, and there may be millions.
  if (typeof value === 'number') return String(value)
  return fullValue(value).replaceAll(/[\\\t\n\r]/g, (character) => escapes[character]!)
}

/** Gives a line of CSV. */
export function csvLine(values: readonly unknown[]): string {
  const text = new Table([], [values]).toCSV()
  return text.slice(text.indexOf('\r\n') + '\r\n'.length)
}
