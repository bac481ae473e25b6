import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Runs, StoredRun } from '@trainyard/run-folder'
import { jsonNumbers, type ProblemRow, type RunRow, type RunsMessage } from './protocol.ts'
import { rowOf } from './run-row.ts'
import { findEscape, leadsInside } from './within.ts'

interface Known {
  readonly row: RunRow
  /** By which a change is seen. */
  readonly text: string
}

/** So many runs that have ended are looked at again each time, those that go on always. */
const endedAtOnce = 100

/** How often the folder is looked at while a page is open, in milliseconds. */
const pause = 400

/** What the runs of a folder are now, and what changes. Looks only when asked, or while somebody listens. */
export class RunWatch {
  readonly folder: string
  #runs: Runs
  readonly #known = new Map<string, Known>()
  readonly #escapes = new Map<string, ProblemRow>()
  readonly #listeners = new Set<(message: RunsMessage) => void>()
  readonly #forced = new Set<string>()
  #revision = 0
  #nextEnded = 0
  #looking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(runs: Runs, folder: string) {
    this.#runs = runs
    this.folder = realpathSync(folder)
  }

  /** Gives what was found when the folder was looked at last. */
  all(): RunsMessage {
    return this.#message(
      Array.from(this.#known.values(), ({ row }) => row),
      [],
    )
  }

  /** Gives a run; none that leads out of the folder. */
  run(id: string): StoredRun | undefined {
    return this.#known.has(id) ? [...this.#runs].find((run) => run.id === id) : undefined
  }

  /** Gives the runs, by their names, in one pass. */
  byId(): Map<string, StoredRun> {
    return new Map(
      Array.from(this.#runs, (run) => [run.id, run] as const).filter(([id]) => this.#known.has(id)),
    )
  }

  /** Gives the names of the runs that a query holds for; throws a QueryError for what is none. */
  matching(query: string): string[] {
    return Array.from(this.#runs.filter(query), ({ id }) => id).filter((id) => this.#known.has(id))
  }

  /** Makes the next look read a run again, even if it has ended. */
  expectChange(id: string): void {
    this.#forced.add(id)
  }

  /** Calls back with what has changed, whenever something has, until the function that it gives is called. */
  listen(listener: (message: RunsMessage) => void): () => void {
    this.#listeners.add(listener)
    this.#schedule()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#stop()
    }
  }

  /** Looks at the folder now; of several who ask at once all get the same look. */
  look(): Promise<void> {
    return (this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    }))
  }

  close(): void {
    this.#isClosed = true
    this.#listeners.clear()
    this.#stop()
  }

  #schedule(): void {
    if (this.#timer || this.#isClosed || this.#listeners.size === 0) return
    this.#timer = setTimeout(() => {
      void this.look().finally(() => {
        this.#timer = undefined
        this.#schedule()
      })
    }, pause)
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    const runs = this.#runs.refresh()
    const all = [...runs]
    this.#runs = runs
    const ended = all.filter(({ id }) => this.#hasEnded(id))
    const due = new Set(
      Array.from(
        { length: Math.min(endedAtOnce, ended.length) },
        (_, i) => ended[(this.#nextEnded + i) % ended.length]!,
      ),
    )
    this.#nextEnded = ended.length === 0 ? 0 : (this.#nextEnded + endedAtOnce) % ended.length
    const changed: RunRow[] = []
    const removed: string[] = []
    const there = new Set(all.map(({ id }) => id))
    for (const id of this.#known.keys()) if (!there.has(id)) removed.push(id)
    let turn = performance.now()
    const forced = new Set(this.#forced)
    this.#forced.clear()
    for (const run of all) {
      if (this.#hasEnded(run.id) && !due.has(run) && !forced.has(run.id)) continue
      const row = await this.#rowOf(run)
      if (!row) {
        if (this.#known.has(run.id)) removed.push(run.id)
        continue
      }
      const text = JSON.stringify(row, jsonNumbers)
      if (this.#known.get(run.id)?.text !== text) {
        this.#known.set(run.id, { row, text })
        changed.push(row)
      }
      if (performance.now() - turn > 20) {
        await setImmediate()
        turn = performance.now()
      }
    }
    for (const id of removed) this.#known.delete(id)
    if (changed.length === 0 && removed.length === 0) return
    this.#revision++
    const message = this.#message(changed, removed)
    for (const listener of this.#listeners) listener(message)
  }

  async #rowOf(run: StoredRun): Promise<RunRow | undefined> {
    const { directory } = run
    const folders = ['metadata', 'metrics'].map((name) => join(directory, name))
    const escape = (await leadsInside(this.folder, directory))
      ? await findEscape(this.folder, folders)
      : directory
    if (escape === undefined) {
      this.#escapes.delete(run.id)
      return rowOf(run)
    }
    this.#escapes.set(run.id, { path: escape, reason: 'leads out of the folder; its run is left out' })
    return undefined
  }

  #hasEnded(id: string): boolean {
    const status = this.#known.get(id)?.row.status
    return status !== undefined && status !== 'RUNNING' && status !== 'STARTING' && status !== null
  }

  #message(rows: readonly RunRow[], removed: readonly string[]): RunsMessage {
    const problems = [...this.#runs.problems, ...this.#escapes.values()]
    return { revision: this.#revision, rows, removed, problems }
  }
}
