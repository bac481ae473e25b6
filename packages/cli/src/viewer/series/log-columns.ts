type Row = Readonly<Record<string, unknown>>

/** The numbers under one key of a metrics file. */
class NumberColumn {
  #values = new Float64Array(64)
  /** In which rows they are; undefined as long as every row has one. */
  #rows: Uint32Array | undefined
  #length = 0

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }

  get bytes(): number {
    return this.#values.byteLength + (this.#rows?.byteLength ?? 0)
  }

  /** Gives the row of a value. */
  rowOf(i: number): number {
    return this.#rows ? this.#rows[i]! : i
  }

  add(row: number, value: number): void {
    const i = this.#length++
    if (i === this.#values.length) {
      this.#values = grown(this.#values, new Float64Array(2 * i))
      if (this.#rows) this.#rows = grown(this.#rows, new Uint32Array(2 * i))
    }
    this.#values[i] = value
    if (this.#rows) this.#rows[i] = row
    else if (row !== i) {
      this.#rows = new Uint32Array(this.#values.length).map((_, at) => at)
      this.#rows[i] = row
    }
  }

  /** Gives the value of each row, NaN where there is none. */
  byRow(rows: number): Float64Array {
    if (!this.#rows && this.#length === rows) return this.values
    const values = new Float64Array(rows).fill(NaN)
    for (let i = 0; i < this.#length; i++) values[this.rowOf(i)] = this.#values[i]!
    return values
  }
}

function grown<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/** The numbers of a metrics file, by key, as small as they can be kept. */
export class LogColumns {
  readonly #columns = new Map<string, NumberColumn>()
  #rows = 0

  get rows(): number {
    return this.#rows
  }

  get keys(): string[] {
    return [...this.#columns.keys()]
  }

  get bytes(): number {
    let bytes = 0
    for (const column of this.#columns.values()) bytes += column.bytes
    return bytes
  }

  add(row: Row): void {
    for (const key in row) {
      const value = row[key]
      if (typeof value !== 'number') continue
      let column = this.#columns.get(key)
      if (!column) this.#columns.set(key, (column = new NumberColumn()))
      column.add(this.#rows, value)
    }
    this.#rows++
  }

  /** Makes columns of keys with the rows and values of each. */
  static from(
    entries: Iterable<readonly [key: string, rows: Float64Array, values: Float64Array]>,
  ): LogColumns {
    const columns = new LogColumns()
    for (const [key, rows, values] of entries) {
      const column = new NumberColumn()
      for (const [i, row] of rows.entries()) column.add(row, values[i]!)
      columns.#columns.set(key, column)
      columns.#rows = Math.max(columns.#rows, 1 + (rows.at(-1) ?? -1))
    }
    return columns
  }

  /** Gives the values of a key, and in which rows they are. */
  get(key: string): { values: Float64Array; rowOf: (i: number) => number } | undefined {
    const column = this.#columns.get(key)
    return column && { values: column.values, rowOf: (i) => column.rowOf(i) }
  }

  /** Gives the value of each row, NaN where there is none; undefined if no row has any. */
  byRow(key: string): Float64Array | undefined {
    return this.#columns.get(key)?.byRow(this.#rows)
  }
}
