// What the server and the page say to each other. Neither Node nor a browser is needed to understand it.

/** A number in JSON, which has neither NaN nor Infinity: those are texts. */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity'

/** What the numbers of a metric come to. */
export type MetricNumbers = readonly [last: JsonNumber, min: JsonNumber, max: JsonNumber, count: number]

/** A row of the runs table. */
export interface RunRow {
  readonly id: string
  readonly status: string | null
  /** In milliseconds since 1970. */
  readonly startedAt: number | null
  /** In seconds; of a run that goes on, until the row was made. */
  readonly duration: number | null
  readonly tags: readonly string[]
  readonly notes: string
  readonly archived: boolean
  /** By full name: `config.optimizer.lr`. */
  readonly config: Readonly<Record<string, unknown>>
  /** By full name: `train.loss`. */
  readonly metrics: Readonly<Record<string, MetricNumbers>>
  /** Whether its metrics have been read; they may come later. */
  readonly isWhole: boolean
}

/** Something that could not be read. */
export interface ProblemRow {
  readonly path: string
  readonly reason: string
}

/** All runs, or after that those that have changed. */
export interface RunsMessage {
  readonly revision: number
  readonly rows: readonly RunRow[]
  /** Undefined if the rows are all that there are. */
  readonly removed?: readonly string[]
  readonly problems: readonly ProblemRow[]
}

/** What holds for the whole page. */
export interface FolderInfo {
  readonly folder: string
  /** Whether notes and tags can be written with the right token. */
  readonly writable: boolean
}

/** Answer to a filter: the runs that it holds for, or what is wrong with it. */
export type FilterAnswer =
  | { readonly ids: readonly string[] }
  | { readonly error: string; readonly position: number }

export const axes = ['step', 'epoch', 'time'] as const

/** What a chart is drawn over; `time` is in seconds since the first row of the file. */
export type Axis = (typeof axes)[number]

/** Asks for lines; with `buckets` reduced to what a chart of so many pixels can show. */
export interface LinesRequest {
  readonly runs: readonly string[]
  /** Runs that make one line, their mean, with a band of a standard deviation. */
  readonly groups?: readonly LineGroup[]
  readonly metric: string
  readonly axis: Axis
  /** The range to be shown; without it, all. */
  readonly from?: number
  readonly to?: number
  /** How many buckets the range is cut in; of each the least and the greatest value are kept. Without it, all are. */
  readonly buckets?: number
  readonly logX?: boolean
  /** From 0, none, to below 1. */
  readonly smoothing?: number
}

export interface LineGroup {
  readonly name: string
  readonly runs: readonly string[]
}

/** Points of a line, in the order of `x`. */
export interface Polyline {
  readonly x: Float64Array
  readonly y: Float64Array
}

/** A line of a chart. */
export interface Line extends Polyline {
  /** The run, or the name of the group. */
  readonly run: string
  /** Over which it is drawn: what was asked for, or the rows where the file has no such numbers. */
  readonly axis: Axis | 'row'
  /** How many points there are, of which `x` and `y` are some. */
  readonly total: number
  /** How many of them are NaN or infinite. */
  readonly notFinite: number
  /** Of a run: where it went on after it had gone back to an earlier step. What it had logged after that is replaced. */
  readonly resumes?: readonly number[]
  /** What smoothing makes of all points, reduced in the same way. */
  readonly smooth?: Polyline
  /** Of a group: the mean less and plus a standard deviation, reduced in the same way. */
  readonly band?: { readonly low: Polyline; readonly high: Polyline }
}

export interface CheckpointRow {
  readonly name: string
  readonly step: number | null
  readonly epoch: number | null
  readonly scores: Readonly<Record<string, JsonNumber>>
  /** Undefined if it is complete. */
  readonly damage?: string
}

/** An artifact, or another file that can be looked at. */
export interface FileRow {
  readonly path: string
  /** In bytes. */
  readonly size: number
}

/** All about a run. */
export interface RunDetails {
  readonly row: RunRow
  readonly directory: string
  readonly info: Readonly<Record<string, unknown>>
  /** Of each metric: last, min, at which step, max, at which step, how many. */
  readonly metrics: readonly {
    readonly name: string
    readonly last: JsonNumber
    readonly min: JsonNumber
    readonly minAt: JsonNumber
    readonly max: JsonNumber
    readonly maxAt: JsonNumber
    readonly count: number
  }[]
  readonly checkpoints: readonly CheckpointRow[]
  /** The command that goes on with it, where it has a checkpoint. */
  readonly resume: string | null
  readonly artifacts: readonly FileRow[]
  /** Files with what its program has printed. */
  readonly console: readonly FileRow[]
}

/** An image or a histogram of a step. */
export interface MediaPoint {
  readonly step: number
  /** By which it is asked for. */
  readonly id: string
}

/** The images and histograms that event files of TensorBoard in the folder of a run hold. */
export interface Media {
  readonly images: readonly { readonly tag: string; readonly points: readonly MediaPoint[] }[]
  readonly histograms: readonly { readonly tag: string; readonly points: readonly MediaPoint[] }[]
}

/** How many values there are in each bucket. */
export interface Histogram {
  readonly from: readonly JsonNumber[]
  readonly to: readonly JsonNumber[]
  readonly counts: readonly JsonNumber[]
}

/** What a person says about a run. */
export interface AnnotationRequest {
  readonly run: string
  readonly tags?: readonly string[]
  readonly notes?: string
  readonly archived?: boolean
}

/** Turns a number from JSON back into one. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : NaN
}

/** For `JSON.stringify`: keeps NaN and Infinity, as texts. */
export function jsonNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
