import { join } from 'node:path'
import { check, messageOf } from '../errors.ts'
import type { Row } from '../metrics/parse-rows.ts'
import { isRecord } from '../plain-tree.ts'
import type { FieldPath } from '../query/condition.ts'
import { parseField } from '../query/parse-query.ts'
import { replaceFile } from '../replace-file.ts'
import type { RunStatus } from '../run/run-info.ts'
import { yamlText } from '../yaml.ts'
import { type Columns, columnsOf } from './columns.ts'
import type { FieldName } from './field-name.ts'
import type { LogSummary } from './log-summary.ts'
import { metricField } from './metric-field.ts'
import { type NumberPart, readNumberParts, readRowParts, type RowPart, type RowPlace } from './row-parts.ts'
import { isRunAlive, runTime } from './run-times.ts'
import type { RunStore } from './run-store.ts'

type AnyRecord = Readonly<Record<string, unknown>>

/** What a person says about a run. */
export interface Annotations {
  readonly tags?: readonly string[]
  readonly notes?: string
  readonly archived?: boolean
}

/** A run that was found in a folder. What is asked for is read when it is asked for, and once: `refresh()` of the collection looks again. */
export class StoredRun<Config = AnyRecord> {
  /** Its path below the folder that was opened: `3`, or `mnist/2026-11-22_10-00-00`. */
  readonly id: string
  /** Its folder. */
  readonly directory: string
  readonly #store: RunStore
  readonly #records = new Map<string, AnyRecord>()
  readonly #summaries = new Map<string, LogSummary | undefined>()
  #logNames: readonly string[] | undefined
  #isAlive: boolean | null | undefined

  constructor(store: RunStore, id: string) {
    this.#store = store
    this.id = id
    this.directory = join(store.directory, id)
  }

  get config(): Config {
    return this.#record('config') as Config
  }

  /** What `info.yaml` says. `log_id` and the like are at the top, wherever the writer put them. */
  get info(): AnyRecord {
    const info = this.#record('info')
    return isRecord(info['logger']) ? { ...info['logger'], ...info } : info
  }

  /** The settings of the tool that wrote it. */
  get settings(): AnyRecord {
    const settings = this.#record('mlxpy')
    return Object.keys(settings).length > 0 ? settings : this.#record('mlxp')
  }

  /** What `info.yaml` says, but DEAD for a run that has not ended and whose process is gone. */
  get status(): RunStatus | 'DEAD' | undefined {
    const status = this.info['status'] as RunStatus | undefined
    return (status === 'RUNNING' || status === 'STARTING') && this.isAlive === false ? 'DEAD' : status
  }

  /** Whether a process writes the run; null if there is no telling. */
  get isAlive(): boolean | null {
    if (this.#isAlive === undefined) this.#isAlive = isRunAlive(this.directory, this.info)
    return this.#isAlive
  }

  /** What was said about it with `annotate`, or given to its logger. */
  get annotations(): Annotations {
    return this.#record('meta') as Annotations
  }

  /** The names of its metrics files. */
  get logNames(): readonly string[] {
    return (this.#logNames ??= this.#store
      .names(this.id, 'metrics')
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .map((name) => name.slice(0, -'.json'.length))
      .toSorted())
  }

  /** The names of its numbers: `train.loss`. */
  get metricNames(): string[] {
    return this.logNames.flatMap((log) =>
      Array.from(this.summary(log)?.keys.keys() ?? [], (key) => `${log}.${key}`),
    )
  }

  /** Its artifacts: the paths of files, below `artifacts`. */
  get artifacts(): string[] {
    const names = (folder: string): string[] => this.#store.names(this.id, folder)
    return names('artifacts')
      .filter((type) => !type.startsWith('.'))
      .flatMap((type) => names(`artifacts/${type}`).map((name) => `${type}/${name}`))
      .filter((path) => !path.includes('/.'))
      .toSorted()
  }

  /**
   * Gives the value of a field, named as in a query: `config.optimizer.lr`, `info.status`, `train.loss.min`, `tags`. Undefined if the run has none.
   */
  get(field: FieldName<Config> | FieldPath): unknown {
    const [root, ...rest] = typeof field === 'string' ? parseField(field) : field
    switch (root) {
      case 'id':
        return /^\d+$/.test(this.id) ? Number(this.id) : this.id
      case 'status':
        return this.status
      case 'tags':
      case 'notes':
      case 'archived':
        return this.annotations[root]
      case 'config':
        return valueAt(this.config, rest)
      case 'info':
        return valueAt(this.info, rest) ?? this.#derived(rest.join('.'))
      case 'mlxpy':
      case 'mlxp':
        return valueAt(this.settings, rest)
      case 'artifact':
      case 'artifacts':
        return this.#artifact(rest.join('/'))
      case 'metrics':
        return metricField(this, rest)
      default:
        return metricField(this, [root!, ...rest])
    }
  }

  /** Reads the rows of a metrics file, as they were written. */
  rows(logName: string): Row[] {
    const rows: Row[] = []
    for (const part of this.rowParts(logName)) for (const row of part.rows) rows.push(row)
    return rows
  }

  /**
   * Reads the rows of a metrics file in parts, so that a large one needs little memory.
   * @param after The `place` of the last part of an earlier reading, to go on from there.
   * @yields the parts, in their order; one that `isFirst` if the file is read from its beginning, as it is when it was written anew.
   */
  rowParts(logName: string, after?: RowPlace): Generator<RowPart> {
    return this.#parts(logName, after, readRowParts)
  }

  /**
   * Reads the numbers of a metrics file in parts, which is faster than to read its rows, and leaves out all else that is in them.
   * @param after The `place` of the last part of an earlier reading, to go on from there.
   * @yields the parts, in their order; one that `isFirst` if the file is read from its beginning, as it is when it was written anew.
   */
  numberParts(logName: string, after?: RowPlace): Generator<NumberPart> {
    return this.#parts(logName, after, readNumberParts)
  }

  /** Reads the values of one metric, in the order of its rows; rows without it are left out. */
  values(metric: string): unknown[] {
    const [log, key] = this.splitMetric(parseField(metric)) ?? []
    if (log === undefined || key === undefined) return []
    return this.rows(log).flatMap((row) => (Object.hasOwn(row, key) ? [row[key]] : []))
  }

  /**
   * Reads metrics as columns of the same length, aligned by what their rows have in common.
   * @param by `step`, `epoch` or `row`. Default: the first that all of these files have. Where a value stands twice, the last one counts.
   */
  columns(metrics: readonly string[], by?: string): Columns {
    return columnsOf(this, metrics, by)
  }

  /** Gives what the numbers of a metrics file come to. */
  summary(logName: string): LogSummary | undefined {
    if (!this.#summaries.has(logName))
      this.#summaries.set(
        logName,
        this.logNames.includes(logName) ? this.#store.summary(this.id, `metrics/${logName}.json`) : undefined,
      )
    return this.#summaries.get(logName)
  }

  /** Splits the name of a metric in its file and its key, either of which may have dots; undefined if there is no such file. */
  splitMetric(field: FieldPath): [log: string, key: string] | undefined {
    const path = field[0] === 'metrics' && !this.logNames.includes('metrics') ? field.slice(1) : field
    for (let n = path.length - 1; n > 0; n--) {
      const log = path.slice(0, n).join('.')
      if (this.logNames.includes(log)) return [log, path.slice(n).join('.')]
    }
    return undefined
  }

  /** Writes tags, notes, or whether it is put away, to `metadata/meta.yaml`; what the run wrote itself stays as it is. */
  annotate(annotations: Annotations): void {
    for (const tag of annotations.tags ?? [])
      check(typeof tag === 'string' && tag, 'tags', 'a list of texts', tag)
    const meta = { ...this.annotations, ...annotations }
    replaceFile(join(this.directory, 'metadata', 'meta.yaml'), yamlText('the annotations', meta))
    this.#records.set('meta', meta)
  }

  *#parts<T>(
    logName: string,
    after: RowPlace | undefined,
    read: (path: string, after: RowPlace | undefined, onBad: (line: number) => void) => Iterable<T>,
  ): Generator<T> {
    if (!this.logNames.includes(logName)) return
    const path = join(this.directory, 'metrics', `${logName}.json`)
    try {
      yield* read(path, after, (line) => this.#store.report(path, `line ${line}: no row of metrics`))
    } catch (error) {
      this.#store.report(path, messageOf(error))
    }
  }

  #record(name: string): AnyRecord {
    let record = this.#records.get(name)
    if (!record) {
      record = this.#store.record(this.id, `metadata/${name}.yaml`)
      this.#records.set(name, record)
    }
    return record
  }

  /** What `info.yaml` does not say itself. */
  #derived(name: string): unknown {
    if (name === 'alive') return this.isAlive ?? undefined
    if (name === 'host') return this.info['hostname']
    return runTime(this.info, this.directory, name)
  }

  #artifact(name: string): unknown {
    const found = this.artifacts.filter(
      (path) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}/`),
    )
    return found.length > 0 ? found : undefined
  }
}

/** Gives what stands at a path in a tree; a key may have dots, too. */
export function valueAt(tree: unknown, path: FieldPath): unknown {
  if (path.length === 0) return tree
  if (typeof tree !== 'object' || tree === null) return undefined
  for (let n = 1; n <= path.length; n++) {
    const key = path.slice(0, n).join('.')
    if (!Object.hasOwn(tree, key)) continue
    const value = valueAt((tree as AnyRecord)[key], path.slice(n))
    if (value !== undefined) return value
  }
  return undefined
}
