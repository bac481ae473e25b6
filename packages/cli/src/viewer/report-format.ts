import type { Media, RunDetails, RunRow } from './protocol.ts'

/** What a report holds, beside the numbers of its metrics files. */
export interface ReportHeader {
  readonly folder: string
  readonly rows: readonly RunRow[]
  readonly details: Readonly<Record<string, RunDetails>>
  readonly logs: readonly ReportLog[]
  /** By run and path: texts, and images as `data:` addresses. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What event files hold, by run; its images and histograms are among the files. */
  readonly media: Readonly<Record<string, Media>>
}

/** A metrics file. Of each key there are two arrays: in which rows it is, and its values. */
export interface ReportLog {
  readonly run: string
  readonly name: string
  readonly keys: readonly string[]
}

/** The element that has the data of a report: packed, compressed with gzip, as base64. */
export const reportElement = 'trainyard-report'

/** Gives the path in a report of an image of event files. */
export function imagePath(id: string): string {
  return `image ${id}`
}

/** Gives the path in a report of a histogram, which is JSON. */
export function histogramPath(id: string): string {
  return `histogram ${id}`
}
