import { extname } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { StoredRun } from '@trainyard/run-folder'
import { consoleText } from '../output/console-text.ts'
import { replaceFile } from '../replace-file.ts'
import { pageDocument, readPageFile } from './http/page-files.ts'
import { imageTypes } from './http/send-file.ts'
import { EventMedia } from './media/event-media.ts'
import { imageType } from './media/logged-media.ts'
import { jsonNumbers, type Media, type RunDetails } from './protocol.ts'
import {
  histogramPath,
  imagePath,
  type ReportHeader,
  reportElement,
  type ReportLog,
} from './report-format.ts'
import { detailsOf } from './run-details.ts'
import type { LogColumns } from './series/log-columns.ts'
import { pack } from './series/pack.ts'
import { reduce } from './series/reduce.ts'
import { SeriesStore } from './series-store.ts'
import { openWithin } from './within.ts'

/** Longer files are left out, in bytes; of what was printed the end is kept. */
const longestImage = 512 << 10
const longestText = 64 << 10

/** Of a metric with more values than twice this, those are kept that a chart of so many pixels shows. */
const buckets = 10_000

/** So many images and histograms of a tag are kept. */
const mostPoints = 12

export interface ReportOptions {
  /** The folder that the runs are in, as it is to be called. */
  readonly folder: string
  readonly runs: readonly StoredRun[]
  readonly path: string
}

/**
 * Writes runs as one HTML file that needs nothing else: table, charts, configs, images and what was printed.
 * @returns its size in bytes.
 */
export async function writeReport({ folder, runs, path }: ReportOptions): Promise<number> {
  const page = { script: readPageFile('page.js'), style: readPageFile('page.css') }
  const html = await reportHtml(runs, folder, page)
  replaceFile(path, [html])
  return Buffer.byteLength(html)
}

/** Makes the document of a report, with the script and the style of a page. */
export async function reportHtml(
  runs: readonly StoredRun[],
  folder: string,
  page: { readonly script: string; readonly style: string },
): Promise<string> {
  const details: Record<string, RunDetails> = {}
  const files: Record<string, Record<string, string>> = {}
  const media: Record<string, Media> = {}
  const logs: ReportLog[] = []
  const arrays: Float64Array[] = []
  const store = new SeriesStore(0)
  for (const run of runs) {
    details[run.id] = await detailsOf(run, folder)
    const found = await mediaOf(run)
    media[run.id] = found.media
    files[run.id] = { ...(await filesOf(run, details[run.id]!)), ...found.files }
    for (const name of run.logNames) {
      const columns = store.columns(run, name)
      logs.push({ run: run.id, name, keys: columns.keys })
      arrays.push(...arraysOf(columns))
      store.clear()
    }
  }
  const rows = Object.values(details).map(({ row }) => row)
  const header = { folder, rows, details, logs, files, media } satisfies ReportHeader
  // JSON has no NaN; the numbers of charts are in the arrays.
  const bytes = pack(JSON.parse(JSON.stringify(header, jsonNumbers)), arrays)
  return documentOf(gzipSync(bytes, { level: 9 }).toString('base64'), page)
}

function documentOf(data: string, page: { readonly script: string; readonly style: string }): string {
  const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">\n<style>${page.style}</style>`
  const script = page.script.replaceAll('</script', String.raw`<\/script`)
  return pageDocument(
    head,
    `\n<template id="${reportElement}">${data}</template>\n<script>${script}</script>`,
  )
}

/** Gives rows and values of each key; of a long file without the rows that no chart would show. */
function arraysOf(columns: LogColumns): Float64Array[] {
  const all = columns.keys.map((key) => columns.get(key)!)
  const kept = new Set<number>()
  const isLong = all.some(({ values }) => values.length > 2 * buckets)
  if (isLong)
    for (const { values, rows } of all) {
      const at = rows ? Float64Array.from(rows) : Float64Array.from(values.keys())
      for (const row of reduce(at, values, { buckets }).x) kept.add(row)
    }
  return all.flatMap(({ values, rows }) => {
    const rowOf = (i: number): number => rows?.[i] ?? i
    const places = Array.from(values.keys()).filter((i) => !isLong || kept.has(rowOf(i)))
    return [Float64Array.from(places, rowOf), Float64Array.from(places, (i) => values[i]!)]
  })
}

async function filesOf(run: StoredRun, details: RunDetails): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const { path } of details.console) {
    const bytes = await endOf(run, path, longestText)
    if (bytes) files[path] = consoleText(bytes.toString(), false)
  }
  for (const { path, size } of details.artifacts) {
    const type = imageTypes[extname(path).toLowerCase()]
    const bytes =
      type !== undefined && size <= longestImage ? await endOf(run, path, longestImage) : undefined
    if (bytes) files[path] = `data:${type};base64,${bytes.toString('base64')}`
  }
  return files
}

/** Gives the images and histograms of event files; of a tag with many steps some, the first and the last among them. */
async function mediaOf(run: StoredRun): Promise<{ media: Media; files: Record<string, string> }> {
  const events = new EventMedia(run.directory)
  const files: Record<string, string> = {}
  const { images, histograms } = await events.list()
  const media: Media = { images: images.map(fewer), histograms: histograms.map(fewer) }
  for (const { id } of media.images.flatMap(({ points }) => points)) {
    const image = await events.image(id)
    const type = image && imageType(image)
    if (type && image.length <= longestImage)
      files[imagePath(id)] = `data:${type};base64,${Buffer.from(image).toString('base64')}`
  }
  for (const { id } of media.histograms.flatMap(({ points }) => points)) {
    const histogram = await events.histogram(id)
    if (histogram) files[histogramPath(id)] = JSON.stringify(histogram, jsonNumbers)
  }
  return { media, files }
}

function fewer({ tag, points }: Media['images'][number]): Media['images'][number] {
  const count = Math.min(points.length, mostPoints)
  const places = Array.from({ length: count }, (_, i) =>
    Math.round((i * (points.length - 1)) / Math.max(1, count - 1)),
  )
  return { tag, points: places.map((place) => points[place]!) }
}

async function endOf(run: StoredRun, path: string, length: number): Promise<Buffer | undefined> {
  const opened = await openWithin(run.directory, path)
  if (!opened) return undefined
  const { file, stats } = opened
  const count = Math.min(stats.size, length)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, stats.size - count)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
