import { type IncomingMessage, request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { afterEach } from 'vitest'
import type { Line, LinesRequest } from '../src/viewer/protocol.ts'
import { unframed } from '../src/viewer/series/frames.ts'
import { unpackLines } from '../src/viewer/series/pack-lines.ts'
import { startViewer, type Viewer, type ViewerOptions } from '../src/viewer/start-viewer.ts'

const viewers: Viewer[] = []

afterEach(async () => {
  for (const viewer of viewers.splice(0)) await viewer.close()
})

/** What the viewer has answered. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Starts a viewer, and gives what asks it. */
export async function open(folder: string, options: Partial<ViewerOptions> = {}) {
  const viewer = await startViewer({ folder, port: 0, ...options })
  viewers.push(viewer)
  const token = new URL(viewer.url).hash.slice('#token='.length)
  // fetch does not send a Host or Origin of our own.
  const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(
        { port: viewer.port, host: '127.0.0.1', path, method, headers },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () =>
            resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
          )
          response.on('error', reject)
        },
      )
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  const json = async <T>(path: string, asked?: Asked): Promise<T> =>
    JSON.parse((await ask(path, asked)).body.toString()) as T
  const post = (
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
  const lines = async (wanted: { [K in keyof LinesRequest]?: LinesRequest[K] | undefined }) => {
    const body = { runs: [], metric: 'train.loss', axis: 'step', buckets: 100, ...wanted }
    const { body: bytes } = await post('/api/lines', body)
    const found: Line[] = []
    for await (const part of unframed(Readable.from([bytes]))) found.push(...unpackLines(part))
    return found
  }
  await ask('/api/runs')
  return { viewer, token, ask, json, post, lines }
}
