/** The numbers of rows that stand together and have the same keys. */
interface NumberBlock {
  readonly rows: number
  readonly columns: ReadonlyMap<string, Float64Array>
}

/** A column that is full gets so many times the room, but not less than for so many values. */
const growth = 1.3
const leastRoom = 64

/** The numbers under one key of a metrics file. */
class NumberColumn {
  #values: Float64Array = new Float64Array()
  /** In which rows they are; undefined as long as every row has one. */
  #rows: Uint32Array | undefined
  #length = 0

  static of(rows: Float64Array, values: Float64Array): NumberColumn {
    const column = new NumberColumn()
    column.#values = values
    column.#length = values.length
    if (rows.some((row, i) => row !== i)) column.#rows = Uint32Array.from(rows)
    return column
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }

  get bytes(): number {
    return this.#values.byteLength + (this.#rows?.byteLength ?? 0)
  }

  /** In which rows they are; undefined if every row has one. */
  get rows(): Uint32Array | undefined {
    return this.#rows?.subarray(0, this.#length)
  }

  /** Adds values of rows that stand together. */
  add(firstRow: number, values: Float64Array): void {
    const start = this.#length
    const length = start + values.length
    if (start === 0) this.#values = values
    else {
      if (length > this.#values.length)
        this.#grow(Math.max(leastRoom, Math.ceil(growth * this.#values.length), length))
      this.#values.set(values, start)
    }
    this.#length = length
    if (!this.#rows && firstRow !== start)
      this.#rows = new Uint32Array(this.#values.length).map((_, at) => at)
    if (this.#rows) for (let i = 0; i < values.length; i++) this.#rows[start + i] = firstRow + i
  }

  #grow(size: number): void {
    this.#values = grown(this.#values, new Float64Array(size))
    if (this.#rows) this.#rows = grown(this.#rows, new Uint32Array(size))
  }

  /** Gives the value of each row, NaN where there is none. */
  byRow(rows: number): Float64Array {
    if (!this.#rows && this.#length === rows) return this.values
    const values = new Float64Array(rows).fill(NaN)
    for (let i = 0; i < this.#length; i++) values[this.#rows ? this.#rows[i]! : i] = this.#values[i]!
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

  add({ rows, columns }: NumberBlock): void {
    for (const [key, values] of columns) {
      let column = this.#columns.get(key)
      if (!column) this.#columns.set(key, (column = new NumberColumn()))
      column.add(this.#rows, values)
    }
    this.#rows += rows
  }

  /** Makes columns of keys with the rows and values of each. */
  static from(
    entries: Iterable<readonly [key: string, rows: Float64Array, values: Float64Array]>,
  ): LogColumns {
    const columns = new LogColumns()
    for (const [key, rows, values] of entries) {
      columns.#columns.set(key, NumberColumn.of(rows, values))
      columns.#rows = Math.max(columns.#rows, 1 + (rows.at(-1) ?? -1))
    }
    return columns
  }

  /** Gives the values of a key, and in which rows they are; without `rows`, each row has one. */
  get(key: string): { readonly values: Float64Array; readonly rows: Uint32Array | undefined } | undefined {
    return this.#columns.get(key)
  }

  /** Gives the value of each row, NaN where there is none; undefined if no row has any. */
  byRow(key: string): Float64Array | undefined {
    return this.#columns.get(key)?.byRow(this.#rows)
  }
}
