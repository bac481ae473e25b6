import { messageOf } from './errors.ts'
import { jsonText, objectText } from './json-text.ts'
import { Media } from './media.ts'
import { storeMedia } from './media-files.ts'
import type { ArtifactInfo, JsonFields, RunName, WandbRecord } from './record.ts'
import type { SpoolContent } from './scan-file.ts'
import type { Spool } from './spool.ts'

/** W&B's own fields of a row. */
const ownFields = new Set(['_step', '_runtime', '_timestamp'])
/** Bytes of a row, as a text within JSON. The server takes requests of 10 MB, with what stands around the row. */
const longestRow = 8_000_000
/** Characters from which on a row is measured. */
const longRow = 1_000_000

/** What a run has to go on with, besides the file. */
export interface WriterState {
  /** That of the last row. */
  readonly step: number
  /** Seconds. */
  readonly runtime: number
  /** What is added to the trainer's steps, where a run was begun anew under the same id. */
  readonly shift: number
  /** Values of the row to come. */
  readonly pending: { readonly [key: string]: string }
}

/**
 * Makes rows of what is logged, one a step, and puts them into the spool. What is logged for a step whose row is there already joins the next row, as with
 * W&B's own client, because the server takes rows in the order of steps only.
 */
export class RunWriter {
  readonly #spool: Spool
  readonly #warn: (line: string) => void
  readonly #summary = new Map<string, string>()
  #pending = new Map<string, string>()
  #pendingStep = Infinity
  #lastStep = -1
  #shift = 0
  #rows = 0
  #openedAt = Date.now() / 1000
  #runtimeBefore = 0
  #exitCode: number | undefined

  constructor(spool: Spool, warn: (line: string) => void) {
    this.#spool = spool
    this.#warn = warn
  }

  get rows(): number {
    return this.#rows
  }

  get state(): WriterState {
    return {
      step: this.#lastStep,
      runtime: this.#runtime(),
      shift: this.#shift,
      pending: Object.fromEntries(this.#pending),
    }
  }

  /** Goes on from what the file holds, or what a checkpoint says. */
  goOn(content: SpoolContent | undefined, state: WriterState | undefined): void {
    this.#rows = content?.rows ?? 0
    this.#lastStep = content?.lastStep ?? state?.step ?? -1
    this.#runtimeBefore = content?.runtime ?? state?.runtime ?? 0
    this.#shift = state?.shift ?? 0
    for (const [key, json] of content?.summary ?? []) if (!ownFields.has(key)) this.#summary.set(key, json)
    this.#pending = new Map(Object.entries(state?.pending ?? {}))
    this.#pendingStep = this.#pending.size > 0 ? this.#lastStep + 1 : Infinity
  }

  /** Lets the step after this one be the next of the run: for a run that is begun anew where there are rows already. */
  shiftTo(step: number, lastStep: number): void {
    this.#lastStep = Math.max(this.#lastStep, lastStep)
    this.#shift = Math.max(0, this.#lastStep - step)
  }

  /** Adds values to the row of a step. */
  log(values: Iterable<readonly [key: string, value: unknown]>, trainerStep: number): void {
    const step = trainerStep + this.#shift
    if (step > this.#pendingStep) this.#commit()
    this.#pendingStep = Math.max(step, this.#lastStep + 1)
    for (const [key, value] of values) {
      if (ownFields.has(key)) this.#warn(`\`${key}\` is a field of W&B's own and cannot be logged`)
      else this.#set(key, value)
    }
    if (this.#pending.size === 0) this.#pendingStep = Infinity
    this.#spool.touch()
  }

  /** Writes the row under way, if it is of this step or one before: nothing that comes later belongs to it. */
  commit(trainerStep: number): void {
    if (this.#pendingStep <= trainerStep + this.#shift) this.#commit()
  }

  logConfig(fields: JsonFields): void {
    this.#spool.append({ kind: 'config', fields })
  }

  logSummary(fields: JsonFields): void {
    for (const [key, json] of fields) this.#summary.set(key, json)
    this.#spool.append({ kind: 'summary', fields })
  }

  logOutput(text: string, isError: boolean): void {
    this.#spool.append({ kind: 'output', text, isError, time: Date.now() / 1000 })
  }

  logStats(stats: Readonly<Record<string, number>>): void {
    const time = Date.now() / 1000
    const fields = new Map(Object.entries(stats).map(([key, value]) => [key, jsonText(value)!]))
    this.#spool.append({ kind: 'stats', fields, time })
  }

  logArtifact(artifact: ArtifactInfo, run: RunName): void {
    this.#spool.append({ kind: 'artifact', artifact, run })
  }

  /** Writes the end of the run. */
  end(exitCode: number): void {
    if (this.#pendingStep < Infinity) this.#commit()
    this.#exitCode = exitCode
    this.#spool.touch()
    this.#spool.close()
  }

  /** Takes the end back. */
  continue(): void {
    this.#exitCode = undefined
    this.#spool.continue()
  }

  #set(key: string, value: unknown): void {
    try {
      const json = jsonText(value instanceof Media ? this.#store(value, key) : value)
      if (json !== undefined) this.#pending.set(key, json)
    } catch (error) {
      this.#warn(`cannot log \`${key}\`: ${messageOf(error)}`)
    }
  }

  #store(media: Media, key: string): object {
    const stored = storeMedia(media, key, this.#pendingStep, this.#spool.files)
    if (stored.length > 0) this.#spool.append({ kind: 'files', paths: stored.map(({ path }) => path) })
    return media.describe(stored)
  }

  #commit(): void {
    const step = this.#pendingStep
    const fields = this.#pending
    this.#pendingStep = Infinity
    this.#lastStep = step
    let size = 0
    for (const [key, json] of fields) size += key.length + json.length
    if (size > longRow) size = Buffer.byteLength(JSON.stringify(objectText(fields)))
    if (size > longestRow)
      this.#warn(`the row of step ${step} has ${size} bytes, too many for W&B: log a table or a file instead`)
    else {
      for (const [key, json] of fields) this.#summary.set(key, json)
      this.#rows++
      this.#spool.append({ kind: 'history', fields: this.#stamped(fields, step), step })
    }
    fields.clear()
  }

  /** Adds W&B's own fields to those of a row. */
  #stamped(fields: Map<string, string>, step: number): JsonFields {
    const now = Date.now() / 1000
    fields.set('_step', String(step))
    fields.set('_runtime', String(Math.round(1000 * (this.#runtimeBefore + now - this.#openedAt)) / 1000))
    return fields.set('_timestamp', String(now))
  }

  #runtime(): number {
    return this.#runtimeBefore + Date.now() / 1000 - this.#openedAt
  }

  /** Gives what stands behind the records until more come. */
  tail(): WandbRecord[] {
    const tail: WandbRecord[] = []
    const isRowOpen = this.#pendingStep < Infinity
    const step = isRowOpen ? this.#pendingStep : Math.max(0, this.#lastStep)
    if (isRowOpen) tail.push({ kind: 'history', step, fields: this.#stamped(new Map(this.#pending), step) })
    const summary = new Map([...this.#summary, ...this.#pending])
    this.#stamped(summary, step)
    tail.push({ kind: 'summary', fields: summary })
    if (this.#exitCode !== undefined)
      tail.push({ kind: 'exit', exitCode: this.#exitCode, runtime: this.#runtime() }, { kind: 'final' })
    return tail
  }
}
