import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRecord } from '../plain-tree.ts'
import { temporaryPath } from '../replace-file.ts'

/** What was read of one file, and what the file looked like then. */
type Entry = readonly [stamp: string, content: unknown]

const version = 1

/** After it was written it is left alone for so many times as long. */
const longestShare = 50

/**
 * What a reader has found in the files of runs, kept in `.trainyard-index.json` beside them: the next one reads only what has changed. It is never
 * needed: whoever deletes it, or makes the folder read-only, loses nothing but time.
 */
export class IndexFile {
  readonly #path: string
  readonly #runs: Record<string, Record<string, Entry>>
  #isDirty = false
  #isScheduled = false
  /** How long it took to write it, in milliseconds. */
  #took: number | undefined
  readonly #saveNow = (): void => this.save()

  constructor(directory: string) {
    this.#path = join(directory, '.trainyard-index.json')
    this.#runs = load(this.#path)
  }

  /** Gives what was read of a file, if it still looks the same. */
  get(run: string, file: string, stamp: string): unknown {
    const entry = this.#entry(run, file)
    return entry?.[0] === stamp ? entry[1] : undefined
  }

  /** Gives what was read of a file, whatever it looks like now. */
  last(run: string, file: string): unknown {
    return this.#entry(run, file)?.[1]
  }

  set(run: string, file: string, stamp: string, content: unknown): void {
    if (!Object.hasOwn(this.#runs, run)) this.#runs[run] = {}
    this.#runs[run]![file] = [stamp, content]
    this.#isDirty = true
    if (this.#isScheduled) return
    this.#isScheduled = true
    // Once, after all that is being read now.
    if (this.#took === undefined) return void setImmediate(this.#saveNow)
    // Whoever reads again and again shall not write all of it each time; what is not written by the end is written then.
    setTimeout(this.#saveNow, longestShare * this.#took).unref()
    process.once('beforeExit', this.#saveNow)
  }

  /** Forgets runs that are gone. */
  keep(runs: ReadonlySet<string>): void {
    for (const run of Object.keys(this.#runs)) {
      if (runs.has(run)) continue
      delete this.#runs[run]
      this.#isDirty = true
    }
  }

  /** Writes what is new; happens by itself. Of two processes the last one's stays, which is no harm. */
  save(): void {
    this.#isScheduled = false
    process.off('beforeExit', this.#saveNow)
    if (!this.#isDirty) return
    this.#isDirty = false
    const start = performance.now()
    const temporary = temporaryPath(this.#path)
    try {
      writeFileSync(temporary, JSON.stringify({ version, runs: this.#runs }))
      renameSync(temporary, this.#path)
    } catch {
      rmSync(temporary, { force: true })
    }
    this.#took = performance.now() - start
  }

  #entry(run: string, file: string): Entry | undefined {
    return Object.hasOwn(this.#runs, run) ? this.#runs[run]![file] : undefined
  }
}

function load(path: string): Record<string, Record<string, Entry>> {
  try {
    const index: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isRecord(index) && index['version'] === version && isRecord(index['runs']))
      return index['runs'] as Record<string, Record<string, Entry>>
  } catch {
    // None yet, or not ours.
  }
  return {}
}
