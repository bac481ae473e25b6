import { type Condition, fieldConditions, holds } from '../query/condition.ts'
import { parseField, parseQuery } from '../query/parse-query.ts'
import { QueryError } from '../query/query-error.ts'
import { buildCondition, type RunFields, type Test } from '../query/where.ts'
import { reservedLogNames } from '../names.ts'
import { isRecord, sameTree } from '../plain-tree.ts'
import type { Aggregator } from './aggregators.ts'
import { type Curve, curveOf } from './curve.ts'
import type { FieldName } from './field-name.ts'
import { type Group, Groups } from './groups.ts'
import { type Problem, RunStore } from './run-store.ts'
import { StoredRun } from './stored-run.ts'
import { Table } from './table.ts'

type AnyConfig = Readonly<Record<string, unknown>>

/**
 * Opens the runs in a folder: those of a `RunLogger`, of an `ExperimentLogger`, or of MLXPy. Reads nothing until something is asked for, and then only
 * that. What is damaged is left out, and listed in `problems`.
 *
 * ```ts
 * const runs = openRuns('./logs').filter("info.status == 'COMPLETE' & config.optimizer.lr <= 1e-2")
 * console.log(runs.sort('train.loss.min').select('id', 'config.optimizer.lr', 'train.loss.min').toTable())
 * ```
 *
 * @throws if there is no such folder.
 */
export function openRuns<Config = AnyConfig>(parentLogDir = './logs'): Runs<Config> {
  const store = new RunStore(parentLogDir)
  return new Runs<Config>(store, () => store.ids().map((id) => new StoredRun<Config>(store, id)))
}

/** A collection of runs. Each method gives a new one; what it takes is found out when the first run is asked for, and kept. */
export class Runs<Config = AnyConfig> implements Iterable<StoredRun<Config>> {
  readonly #store: RunStore
  readonly #find: () => StoredRun<Config>[]
  #found: StoredRun<Config>[] | undefined

  constructor(store: RunStore, find: () => StoredRun<Config>[]) {
    this.#store = store
    this.#find = find
  }

  get length(): number {
    return this.#runs.length
  }

  /** What could not be read so far, and why. */
  get problems(): readonly Problem[] {
    return this.#store.problems
  }

  [Symbol.iterator](): Iterator<StoredRun<Config>> {
    return this.#runs[Symbol.iterator]()
  }

  /** Gives one run; a negative place counts from the end. */
  at(place: number): StoredRun<Config> | undefined {
    return this.#runs.at(place)
  }

  /**
   * Keeps the runs that a query holds for; an empty one holds for all. The language is described at `parseQuery`.
   * @throws a QueryError that knows the place, at once for what is no query; for a field that no run can have, when the first run is asked for.
   */
  filter(query: string): Runs<Config> {
    return query.trim() === '' ? this : this.#where(parseQuery(query), query)
  }

  /** Keeps the runs that a condition holds for, which is built: `where((run) => run.config.optimizer.lr.lte(0.01))`. */
  where(build: (run: RunFields<Config>) => Test): Runs<Config> {
    return this.#where(buildCondition(build))
  }

  /** Sorts by a field, numbers before texts; runs that do not have it come last. */
  sort(field: FieldName<Config>, order: 'asc' | 'desc' = 'asc'): Runs<Config> {
    const path = parseField(field)
    return this.#derive((runs) => {
      const keyed = runs.map((run) => ({ run, value: run.get(path) }))
      return keyed
        .toSorted((a, b) => compare(a.value, b.value, order === 'asc' ? 1 : -1))
        .map(({ run }) => run)
    })
  }

  /** Keeps the first so many. */
  limit(count: number): Runs<Config> {
    return this.#derive((runs) => runs.slice(0, count))
  }

  /** Puts together the runs that have the same values in these fields; a missing one is a value, too. */
  groupBy(...fields: FieldName<Config>[]): Groups<Config> {
    const paths = fields.map(parseField)
    const groups = new Map<string, { key: Record<string, unknown>; runs: StoredRun<Config>[] }>()
    for (const run of this) {
      const values = paths.map((path) => run.get(path))
      const name = values.map(groupName).join('\n')
      const group = groups.get(name) ?? {
        key: Object.fromEntries(fields.map((field, i) => [field, values[i]])),
        runs: [],
      }
      groups.set(name, group)
      group.runs.push(run)
    }
    return new Groups<Config>(
      fields,
      Array.from(groups.values(), ({ key, runs }): Group<Config> => ({
        key,
        runs: new Runs(this.#store, () => runs),
      })),
    )
  }

  /** Makes one value for each name of all the runs: `aggregate({ best: min('train.loss.min') })`. */
  aggregate<T extends Readonly<Record<string, Aggregator<unknown, Config>>>>(
    columns: T,
  ): { [K in keyof T]: ReturnType<T[K]> } {
    const runs = [...this]
    return Object.fromEntries(
      Object.entries(columns).map(([name, aggregate]) => [name, aggregate(runs)]),
    ) as { [K in keyof T]: ReturnType<T[K]> }
  }

  /** Aligns a metric of all runs by step, epoch or row: its mean, deviation and range at each. */
  curve(metric: string, by?: string): Curve {
    return curveOf(this.#runs, metric, by)
  }

  /** Gives the fields of the configs in which the runs differ. */
  diff(): string[] {
    const configs = this.#runs.map((run) => flatten(run.config, 'config'))
    const names = [...new Set(configs.flatMap((config) => [...config.keys()]))]
    return names.filter((name) =>
      configs.some((config) => !sameTree(config.get(name), configs[0]!.get(name))),
    )
  }

  /** Gives the fields that some run has: of the config, of the info, metrics. */
  fields(): string[] {
    const names = new Set<string>()
    for (const run of this) {
      for (const name of flatten(run.config, 'config').keys()) names.add(name)
      for (const name of flatten(run.info, 'info').keys()) names.add(name)
      for (const log of run.logNames)
        for (const key of run.summary(log)?.keys.keys() ?? []) names.add(`${partText(log)}.${partText(key)}`)
    }
    return [...names].toSorted()
  }

  /** Makes a table of fields; by default of the number, the status, and what differs. */
  select(...fields: FieldName<Config>[]): Table {
    const names = fields.length > 0 ? fields : ['id', 'status', ...this.diff()]
    const paths = names.map(parseField)
    return new Table(
      names,
      this.#runs.map((run) => paths.map((path) => run.get(path))),
    )
  }

  toTable(): string {
    return this.select().toTable()
  }

  toCSV(): string {
    return this.select().toCSV()
  }

  toJSON(): Record<string, unknown>[] {
    return this.select().toJSON()
  }

  /** Gives all runs of the folder as they are now; the filters of this collection do not hold for them. */
  refresh(): Runs<Config> {
    return new Runs<Config>(this.#store, () =>
      this.#store.ids().map((id) => new StoredRun<Config>(this.#store, id)),
    )
  }

  get #runs(): StoredRun<Config>[] {
    return (this.#found ??= this.#find())
  }

  #derive(change: (runs: StoredRun<Config>[]) => StoredRun<Config>[]): Runs<Config> {
    return new Runs<Config>(this.#store, () => change(this.#runs))
  }

  #where(condition: Condition, query?: string): Runs<Config> {
    return this.#derive((runs) => {
      this.#checkFields(runs, condition, query)
      return runs.filter((run) => holds(condition, (field) => run.get(field)))
    })
  }

  /** A misspelt field must not look like runs that do not match. */
  #checkFields(runs: readonly StoredRun<Config>[], condition: Condition, query?: string): void {
    if (runs.length === 0) return
    for (const { field, position } of fieldConditions(condition)) {
      if (reservedLogNames.includes(field[0]!) || runs.some((run) => run.splitMetric(field))) continue
      const logs = [...new Set(runs.flatMap((run) => run.logNames))]
      const name = field.join('.')
      throw new QueryError(
        `no run has a field "${name}": it begins with ${['config', 'info', ...logs].join(', ')}, or is id, status, tags,`,
        query ?? name,
        query === undefined ? 0 : position,
      )
    }
  }
}

function flatten(tree: unknown, name: string, into = new Map<string, unknown>()): Map<string, unknown> {
  if (!isRecord(tree)) return into.set(name, tree)
  for (const [key, value] of Object.entries(tree)) flatten(value, `${name}.${partText(key)}`, into)
  return into
}

/** Names a value so that only equal ones have the same name; JSON knows neither NaN nor Infinity. */
function groupName(value: unknown): string {
  return `${typeof value} ${typeof value === 'number' ? value : (JSON.stringify(value) ?? '')}`
}

/** A part of a field's name as a query takes it. */
function partText(key: string): string {
  return /^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*$/u.test(key) ? key : `\`${key}\``
}

function compare(a: unknown, b: unknown, sign: 1 | -1): number {
  const [rankA, rankB] = [rank(a), rank(b)]
  if (rankA !== rankB) return rankA - rankB
  const [x, y] = [a, b] as [number, number]
  return x === y ? 0 : (x < y ? -1 : 1) * sign
}

/** Numbers, then texts, then other values, then NaN, then what is missing. */
function rank(value: unknown): number {
  if (typeof value === 'number') return Number.isNaN(value) ? 3 : 0
  if (typeof value === 'string') return 1
  return value === undefined || value === null ? 4 : 2
}
