import type { Aggregator } from './aggregators.ts'
import type { Runs } from './runs.ts'
import { Table } from './table.ts'

/** Runs that have the same values in the fields that they were grouped by. */
export interface Group<Config> {
  readonly key: Readonly<Record<string, unknown>>
  readonly runs: Runs<Config>
}

/** What `groupBy` gives. */
export class Groups<Config> implements Iterable<Group<Config>> {
  readonly #fields: readonly string[]
  readonly #groups: readonly Group<Config>[]

  constructor(fields: readonly string[], groups: readonly Group<Config>[]) {
    this.#fields = fields
    this.#groups = groups
  }

  get length(): number {
    return this.#groups.length
  }

  [Symbol.iterator](): Iterator<Group<Config>> {
    return this.#groups[Symbol.iterator]()
  }

  /** Makes a table with a row for each group: its key, and what the functions make of its runs. */
  aggregate(columns: Readonly<Record<string, Aggregator<unknown, Config>>>): Table {
    const rows = this.#groups.map(({ key, runs }) => [
      ...this.#fields.map((field) => key[field]),
      ...Object.values(columns).map((aggregate) => aggregate([...runs])),
    ])
    return new Table([...this.#fields, ...Object.keys(columns)], rows)
  }
}
