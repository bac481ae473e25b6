import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Runs, StoredRun } from '@trainyard/run-folder'
import { messageOf } from '../errors.ts'
import type { ProblemRow, RunRow, RunsMessage } from './protocol.ts'
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

/** How long other work waits, in milliseconds: a page needs a dozen turns until all of it is there. */
const longestTurn = 4
/** How long a person waits for rows with their metrics, in milliseconds. */
const patience = 700

/** What the runs of a folder are now, and what changes. Looks only when asked, or while somebody listens. */
export class RunWatch {
  readonly folder: string
  #runs: Runs
  readonly #known = new Map<string, Known>()
  readonly #escapes = new Map<string, ProblemRow>()
  readonly #listeners = new Set<(message: RunsMessage) => void>()
  /** Those of a viewer that was started later are greater. */
  #revision = Date.now()
  #nextEnded = 0
  #looking: { readonly shown: Promise<void>; readonly done: Promise<void> } | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(runs: Runs, folder: string) {
    this.#runs = runs
    this.folder = realpathSync(folder)
  }

  /** Gives what was found when the folder was looked at last. */
  all(): RunsMessage {
    return this.#message(Array.from(this.#known.values(), ({ row }) => row))
  }

  /** Gives the same as JSON, which is there already. */
  allText(): string {
    const { revision, problems } = this.#message([])
    const rest = JSON.stringify({ revision, problems })
    return `{"rows":[${Array.from(this.#known.values(), ({ text }) => text).join(',')}],${rest.slice(1)}`
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

  /** Makes the row of a run anew, after something was said about it. */
  update(run: StoredRun): void {
    this.#publish(this.#take(run, true) ? [run.id] : [], [])
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

  /**
   * Looks at the folder now; of several who ask at once all get the same look. Resolves when every run has a row; of many runs that nobody has read before
   * the metrics come later.
   */
  look(): Promise<void> {
    this.#looking ??= this.#start()
    return this.#looking.shown
  }

  close(): void {
    this.#isClosed = true
    this.#listeners.clear()
    this.#stop()
  }

  #schedule(): void {
    if (this.#timer || this.#isClosed || this.#listeners.size === 0) return
    this.#timer = setTimeout(async () => {
      this.#looking ??= this.#start()
      await this.#looking.done
      this.#timer = undefined
      this.#schedule()
    }, pause)
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #start(): { shown: Promise<void>; done: Promise<void> } {
    let onShown = (): void => {}
    const shown = new Promise<void>((resolve) => (onShown = resolve))
    return { shown, done: this.#finish(onShown) }
  }

  async #finish(onShown: () => void): Promise<void> {
    try {
      await this.#look(onShown)
    } catch (error) {
      // A folder may go away while it is looked at; the page says so.
      this.#escapes.set('', { path: this.folder, reason: messageOf(error) })
    }
    onShown()
    this.#looking = undefined
  }

  async #look(onShown: () => void): Promise<void> {
    this.#runs = this.#runs.refresh()
    const all = [...this.#runs]
    const there = new Set(all.map(({ id }) => id))
    const removed = [...this.#known.keys()].filter((id) => !there.has(id))
    const due = this.#due(all)
    let changed: string[] = []
    const start = performance.now()
    let [turn, sent, isShown] = [start, start, false]
    for (const [i, run] of due.entries()) {
      if (this.#take(run, true)) changed.push(run.id)
      const now = performance.now()
      if (now - turn < longestTurn) continue
      if (!isShown && now - start > patience) {
        for (const other of due.slice(i + 1))
          if (!this.#known.has(other.id) && this.#take(other, false)) changed.push(other.id)
        isShown = true
      }
      if (isShown && now - sent > pause) {
        this.#publish(changed, [])
        changed = []
        onShown()
        sent = now
      }
      await setImmediate()
      turn = performance.now()
    }
    this.#publish(changed, removed)
  }

  /** Gives the runs to look at: those that go on, and some that have ended, others each time. */
  #due(all: readonly StoredRun[]): StoredRun[] {
    const ended = all.filter(({ id }) => this.#hasEnded(id))
    const first = this.#nextEnded
    this.#nextEnded = ended.length > endedAtOnce ? (first + endedAtOnce) % ended.length : 0
    const again = new Set(
      Array.from(
        { length: Math.min(endedAtOnce, ended.length) },
        (_, i) => ended[(first + i) % ended.length]!.id,
      ),
    )
    return all.filter(({ id }) => !this.#hasEnded(id) || again.has(id))
  }

  /** Makes the row of a run, and tells whether it is another than before. */
  #take(run: StoredRun, isWhole: boolean): boolean {
    const row = this.#rowOf(run, isWhole)
    if (!row) return this.#known.delete(run.id)
    const text = JSON.stringify(row)
    if (this.#known.get(run.id)?.text === text) return false
    this.#known.set(run.id, { row, text })
    return true
  }

  #publish(changed: readonly string[], removed: readonly string[]): void {
    for (const id of removed) this.#known.delete(id)
    if (changed.length === 0 && removed.length === 0) return
    this.#revision++
    const rows = changed.flatMap((id) => this.#known.get(id)?.row ?? [])
    const gone = changed.filter((id) => !this.#known.has(id))
    const message = this.#message(rows, [...removed, ...gone])
    for (const listener of this.#listeners) listener(message)
  }

  #rowOf(run: StoredRun, isWhole: boolean): RunRow | undefined {
    const { directory } = run
    const folders = ['metadata', 'metrics'].map((name) => join(directory, name))
    const escape = leadsInside(this.folder, directory) ? findEscape(this.folder, folders) : directory
    if (escape === undefined) {
      this.#escapes.delete(run.id)
      return rowOf(run, isWhole)
    }
    this.#escapes.set(run.id, { path: escape, reason: 'leads out of the folder; its run is left out' })
    return undefined
  }

  #hasEnded(id: string): boolean {
    const { status, isWhole } = this.#known.get(id)?.row ?? {}
    return (
      isWhole === true &&
      status !== undefined &&
      status !== 'RUNNING' &&
      status !== 'STARTING' &&
      status !== null
    )
  }

  #message(rows: readonly RunRow[], removed?: readonly string[]): RunsMessage {
    const problems = [...this.#runs.problems, ...this.#escapes.values()]
    return { revision: this.#revision, rows, ...(removed && { removed }), problems }
  }
}
