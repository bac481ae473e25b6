import type { Histogram } from '../../viewer/protocol.ts'
import { histogramPath, imagePath, type ReportHeader } from '../../viewer/report-format.ts'
import { plansOf } from '../../viewer/series/line.ts'
import { LogColumns } from '../../viewer/series/log-columns.ts'
import { unpack } from '../../viewer/series/pack.ts'
import { type Points, pointsOf } from '../../viewer/series/points.ts'
import type { Source } from './source.ts'

/** Makes the source of a report, whose data is in the page. */
export async function reportSource(data: string): Promise<Source> {
  const { header, arrays } = unpack(await unzip(data))
  const { folder, rows, details, logs, files, media } = header as ReportHeader
  const columns = new Map<string, LogColumns>()
  let next = 0
  for (const { run, name, keys } of logs) {
    const entries = keys.map((key) => [key, arrays[next++]!, arrays[next++]!] as const)
    columns.set(`${run}\n${name}`, LogColumns.from(entries))
  }
  return {
    isLive: false,
    canWrite: false,
    folder: () => Promise.resolve({ folder, writable: false }),
    runs: () => Promise.resolve({ revision: 1, rows, problems: [] }),
    listen() {},
    filter(query) {
      // The Reader is not here; words will do.
      const words = query.toLowerCase().split(/\s+/)
      const found = rows.filter(({ id, status, tags, notes, config }) => {
        const text = JSON.stringify([id, status, tags, notes, config]).toLowerCase()
        return words.every((word) => text.includes(word))
      })
      return Promise.resolve({ ids: found.map(({ id }) => id) })
    },
    lines(request, onLines) {
      const pointsIn = (run: string): Points[] => {
        const ofMetric = logs.filter((one) => one.run === run && request.metric.startsWith(`${one.name}.`))
        // The name of a file may have dots, and so be the beginning of another one.
        const [log] = ofMetric.toSorted((a, b) => b.name.length - a.name.length)
        const found = log && columns.get(`${run}\n${log.name}`)
        const key = log && request.metric.slice(log.name.length + 1)
        return found && key !== undefined && found.get(key) ? [pointsOf(found, key, request.axis)] : []
      }
      const lines = plansOf(request).flatMap((plan) => {
        const points = plan.runs.flatMap(pointsIn)
        return points.length > 0 ? [plan.make(points)] : []
      })
      onLines(lines)
      return Promise.resolve()
    },
    details: (run) =>
      details[run]
        ? Promise.resolve(details[run])
        : Promise.reject(new Error(`the report has no run ${run}`)),
    text: (run, path) => Promise.resolve(files[run]?.[path] ?? ''),
    file: (run, path) => files[run]?.[path],
    media: (run) => Promise.resolve(media[run] ?? { images: [], histograms: [] }),
    image: (run, id) => files[run]?.[imagePath(id)],
    histogram(run, id) {
      const found = files[run]?.[histogramPath(id)]
      return found === undefined
        ? Promise.reject(new Error('the report has no such histogram'))
        : Promise.resolve(JSON.parse(found) as Histogram)
    },
    annotate: () => Promise.reject(new Error('a report cannot be changed')),
  }
}

async function unzip(data: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(data.trim()), (character) => character.codePointAt(0)!)
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(stream).arrayBuffer()
}
