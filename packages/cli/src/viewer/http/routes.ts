import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { QueryError, type StoredRun } from '@trainyard/run-folder'
import { messageOf } from '../../errors.ts'
import { axes, type FilterAnswer, type FolderInfo, jsonNumbers, type RunsMessage } from '../protocol.ts'
import type { AnnotationRequest, LineGroup, LinesRequest } from '../protocol.ts'
import { detailsOf, isShown } from '../run-details.ts'
import { imageType } from '../media/logged-media.ts'
import type { MediaStore } from '../media/media-store.ts'
import type { RunWatch } from '../run-watch.ts'
import { framed } from '../series/frames.ts'
import { packLines } from '../series/pack-lines.ts'
import type { SeriesStore } from '../series-store.ts'
import { pageDocument, readPageFile } from './page-files.ts'
import { eventHeaders, fileHeaders, HttpError, readJson, sendBytes, sendJson } from './respond.ts'
import { sendFile, sendTail } from './send-file.ts'

/** What the answers are made from. */
export interface ViewerState {
  readonly watch: RunWatch
  readonly series: SeriesStore
  readonly media: MediaStore
  readonly readOnly: boolean
}

/** So many lines of one chart are too many for any eye. */
const mostLines = 10_000
const mostBuckets = 100_000

/** A comment that keeps what is between from closing the connection, in milliseconds. */
const heartbeat = 15_000

type Answer = (
  state: ViewerState,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
) => unknown

/** What is to be shown is asked for before the script has come that shows it. */
const page = `<link rel="preload" href="/api/runs" as="fetch" crossorigin="anonymous">
<link rel="preload" href="/api/folder" as="fetch" crossorigin="anonymous">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>`

const answers: Readonly<Record<string, Answer>> = {
  'GET /': (_, request, response) =>
    sendBytes(request, response, Buffer.from(pageDocument(page)), 'text/html; charset=utf-8'),
  'GET /page.js': (_, request, response) =>
    sendBytes(request, response, Buffer.from(readPageFile('page.js')), 'text/javascript; charset=utf-8'),
  'GET /page.css': (_, request, response) =>
    sendBytes(request, response, Buffer.from(readPageFile('page.css')), 'text/css; charset=utf-8'),
  'GET /api/folder'({ watch, readOnly }, request, response) {
    sendJson(request, response, { folder: watch.folder, writable: !readOnly } satisfies FolderInfo)
  },
  async 'GET /api/runs'({ watch }, request, response) {
    await watch.look()
    sendBytes(request, response, Buffer.from(watch.allText()), 'application/json')
  },
  async 'GET /api/filter'({ watch }, request, response, query) {
    try {
      const ids = watch.matching(query.get('query') ?? '')
      sendJson(request, response, { ids } satisfies FilterAnswer)
    } catch (error) {
      if (!(error instanceof QueryError)) throw error
      const reason = messageOf(error).split('\n')[0]!
      sendJson(request, response, { error: reason, position: error.position } satisfies FilterAnswer)
    }
  },
  'GET /api/events': sendEvents,
  async 'POST /api/lines'({ watch, series }, request, response) {
    const wanted = linesRequest(await readJson(request))
    response.writeHead(200, fileHeaders('application/octet-stream', true, 'lines'))
    const parts = series.lines(watch.byId(), wanted)
    await pipeline(async function* () {
      for await (const lines of parts) yield* framed(packLines(lines))
    }, response)
  },
  async 'GET /api/run'({ watch }, request, response, query) {
    await watch.look()
    sendJson(request, response, await detailsOf(runIn(watch, query), watch.folder))
  },
  async 'GET /api/media'({ watch, media }, request, response, query) {
    sendJson(request, response, await media.of(runIn(watch, query)).list())
  },
  async 'GET /api/image'({ watch, media }, request, response, query) {
    const image = await media.of(runIn(watch, query)).image(query.get('id') ?? '')
    const type = image && imageType(image)
    if (!type) throw new HttpError(404, 'there is no such image')
    sendBytes(request, response, image, type)
  },
  async 'GET /api/histogram'({ watch, media }, request, response, query) {
    const histogram = await media.of(runIn(watch, query)).histogram(query.get('id') ?? '')
    if (!histogram) throw new HttpError(404, 'there is no such histogram')
    sendJson(request, response, histogram)
  },
  async 'GET /api/artifacts'({ watch }, request, response, query) {
    const { run, path } = await shownFile(watch, query)
    await sendFile(request, response, run.directory, path)
  },
  async 'GET /api/text'({ watch }, request, response, query) {
    const { run, path } = await shownFile(watch, query)
    await sendTail(request, response, run.directory, path)
  },
  async 'POST /api/annotate'({ watch, readOnly }, request, response) {
    if (readOnly) throw new HttpError(403, 'the viewer was started with --read-only')
    const { run: id, ...annotations } = annotationRequest(await readJson(request))
    const run = watch.run(id) ?? notFound(id)
    try {
      run.annotate(annotations)
    } catch (error) {
      throw new HttpError(500, `the notes of run ${id} cannot be written: ${messageOf(error)}`)
    }
    watch.update(run)
    sendJson(request, response, {})
  },
}

/** Answers a request that has passed the guard. */
export async function answer(
  state: ViewerState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const [path, query] = (request.url ?? '/').split('?', 2)
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const route = answers[`${method} ${path}`]
    if (!route) throw new HttpError(404, 'there is nothing here')
    await route(state, request, response, new URLSearchParams(query))
  } catch (error) {
    if (response.headersSent) {
      // Half of the answer is on its way, or nobody waits for it.
      response.destroy()
      return
    }
    sendJson(request, response, { error: messageOf(error) }, error instanceof HttpError ? error.status : 500)
  }
}

async function sendEvents(
  { watch }: ViewerState,
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
): Promise<void> {
  response.writeHead(200, eventHeaders())
  let isBehind = false
  const send = (message: RunsMessage): void => {
    // What nobody takes would be kept here.
    if (response.writableNeedDrain) {
      isBehind = true
      return
    }
    const text = JSON.stringify(message, jsonNumbers)
    response.write(`id: ${message.revision}\nevent: runs\ndata: ${text}\n\n`)
  }
  // Whoever has missed something gets all.
  response.on('drain', () => {
    if (!isBehind) return
    isBehind = false
    send(watch.all())
  })
  const known = request.headers['last-event-id'] ?? query.get('revision')
  response.write(': hello\n\n')
  if (String(known) !== String(watch.all().revision)) send(watch.all())
  const stop = watch.listen(send)
  const timer = setInterval(() => response.write(': still here\n\n'), heartbeat)
  response.once('close', () => {
    clearInterval(timer)
    stop()
  })
}

function runIn(watch: RunWatch, query: URLSearchParams): StoredRun {
  const id = query.get('run') ?? ''
  return watch.run(id) ?? notFound(id)
}

async function shownFile(watch: RunWatch, query: URLSearchParams): Promise<{ run: StoredRun; path: string }> {
  const run = runIn(watch, query)
  const path = query.get('path') ?? ''
  // Only what is listed: no path that somebody makes up.
  if (!(await isShown(run, path))) throw new HttpError(404, 'there is no such file')
  return { run, path }
}

function notFound(id: string): never {
  throw new HttpError(404, `there is no run ${id}`)
}

function linesRequest(value: unknown): LinesRequest {
  const wanted = value as LinesRequest
  const isNumber = (number: unknown): boolean => number === undefined || Number.isFinite(number)
  const isGood =
    typeof value === 'object' &&
    value !== null &&
    isNames(wanted.runs) &&
    (wanted.groups === undefined || isGroups(wanted.groups)) &&
    typeof wanted.metric === 'string' &&
    axes.includes(wanted.axis) &&
    (wanted.buckets === undefined || isBuckets(wanted.buckets)) &&
    isNumber(wanted.from) &&
    isNumber(wanted.to) &&
    (wanted.smoothing === undefined || (wanted.smoothing >= 0 && wanted.smoothing < 1))
  if (!isGood) throw new HttpError(400, 'no such lines can be asked for')
  return wanted
}

function isBuckets(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= mostBuckets
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.length <= mostLines && value.every((name) => typeof name === 'string')
}

function isGroups(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= mostLines &&
    value.every((group: LineGroup | null) => typeof group?.name === 'string' && isNames(group.runs))
  )
}

function annotationRequest(value: unknown): AnnotationRequest {
  const { run, tags, notes, archived } = (value ?? {}) as AnnotationRequest
  const isGood =
    typeof run === 'string' &&
    (tags === undefined ||
      (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string' && tag !== ''))) &&
    (notes === undefined || typeof notes === 'string') &&
    (archived === undefined || typeof archived === 'boolean')
  if (!isGood) throw new HttpError(400, 'run, tags, notes or archived is not as it should be')
  return {
    run,
    ...(tags !== undefined && { tags }),
    ...(notes !== undefined && { notes }),
    ...(archived !== undefined && { archived }),
  }
}
