import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { codeOf, fail, messageOf } from '../errors.ts'
import { isRecord } from '../plain-tree.ts'
import { readYaml } from '../yaml.ts'
import { findRuns } from './find-runs.ts'
import { IndexFile } from './index-file.ts'
import {
  type LogSummary,
  restoreSummary,
  type StoredSummary,
  storeSummary,
  summarizeLog,
} from './log-summary.ts'

/** Something in a run's folder that could not be read, and was left out. */
export interface Problem {
  readonly path: string
  readonly reason: string
}

/** The files of all runs in a folder, read through the index. */
export class RunStore {
  readonly directory: string
  readonly #problems = new Map<string, Problem>()
  readonly #index: IndexFile

  /** @throws if there is no such folder. */
  constructor(directory: string) {
    this.directory = resolve(directory)
    if (!statSync(this.directory, { throwIfNoEntry: false })?.isDirectory())
      fail(`there is no folder "${this.directory}" to read runs from`)
    this.#index = new IndexFile(this.directory)
  }

  /** What could not be read so far. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()]
  }

  report(path: string, reason: string): void {
    this.#problems.set(`${path}\n${reason}`, { path, reason })
  }

  /** Gives the paths of the runs, below the folder. */
  ids(): string[] {
    const ids = findRuns(this.directory, (path, error) => this.report(path, messageOf(error)))
    this.#index.keep(new Set(ids))
    return ids
  }

  /** Gives the names in a folder of a run; none if it is missing, or no folder. */
  names(id: string, folder: string): string[] {
    const path = join(this.directory, id, folder)
    try {
      return readdirSync(path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.report(path, messageOf(error))
      return []
    }
  }

  /** Reads a YAML file of a run; gives an empty record for one that is missing, or bad. */
  record(id: string, file: string): Readonly<Record<string, unknown>> {
    const path = join(this.directory, id, file)
    try {
      const stamp = stampOf(path)
      if (stamp === undefined) return {}
      const known = this.#index.get(id, file, stamp)
      if (known !== undefined) return known as Record<string, unknown>
      const record = readYaml(path)
      if (!isRecord(record)) fail(`"${path}" holds no keys and values`)
      this.#index.set(id, file, stamp, withJsonNumbers(record) ? record : undefined)
      return record as Record<string, unknown>
    } catch (error) {
      this.report(path, messageOf(error))
      return {}
    }
  }

  /** Reads what the numbers of a metrics file come to. */
  summary(id: string, file: string): LogSummary | undefined {
    const path = join(this.directory, id, file)
    try {
      const stamp = stampOf(path)
      if (stamp === undefined) return undefined
      const summary = this.#summary(id, file, stamp, path)
      const { badLines } = summary
      if (badLines.length > 0)
        this.report(
          path,
          `line ${badLines.join(', ')}${badLines.length === 10 ? ', …' : ''}: no row of metrics`,
        )
      return summary
    } catch (error) {
      this.report(path, messageOf(error))
      return undefined
    }
  }

  #summary(id: string, file: string, stamp: string, path: string): LogSummary {
    const known = this.#index.get(id, file, stamp)
    if (known !== undefined) return restoreSummary(known as StoredSummary)
    const before = this.#index.last(id, file)
    const summary = summarizeLog(
      path,
      before === undefined ? undefined : restoreSummary(before as StoredSummary),
    )
    this.#index.set(id, file, stamp, storeSummary(summary))
    return summary
  }
}

/** Tells a file from what it was before, without reading it. */
function stampOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats && `${stats.size} ${stats.mtimeMs} ${stats.ino}`
}

/** Tells whether JSON, of which the index is made, can keep a record as it is. */
function withJsonNumbers(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(withJsonNumbers)
}
