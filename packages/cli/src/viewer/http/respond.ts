import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { jsonNumbers } from '../protocol.ts'

/** What every answer has: nobody may guess its type, frame it, or embed it elsewhere. */
const safety = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const

/** The page may run its own script and ask its own server, and nothing else. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/** What an artifact holds is never run: no script, no form, no request. */
const filePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"

/** Shorter answers are sent as they are. */
const leastToPack = 4096

/** A request that is answered with a status other than 200. */
export class HttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'HttpError'
    this.status = status
  }
}

export function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  value: unknown,
  status = 200,
): void {
  sendBytes(request, response, Buffer.from(JSON.stringify(value, jsonNumbers)), 'application/json', status)
}

/** Sends text or numbers; packed, if that is worth it and the browser takes it. */
export function sendBytes(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  type: string,
  status = 200,
): void {
  const isPacked =
    bytes.length >= leastToPack &&
    !type.startsWith('image/') &&
    String(request.headers['accept-encoding']).includes('gzip')
  const body = isPacked ? gzipSync(bytes, { level: 1 }) : bytes
  response.writeHead(status, {
    ...safety,
    'content-type': type,
    'content-length': body.length,
    'content-security-policy': type.startsWith('text/html') ? pagePolicy : filePolicy,
    ...(isPacked && { 'content-encoding': 'gzip' }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

export function fileHeaders(type: string, isAttachment: boolean, name: string): Record<string, string> {
  return {
    ...safety,
    'content-type': type,
    'content-security-policy': filePolicy,
    ...(isAttachment && {
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name).replaceAll("'", '%27')}`,
    }),
  }
}

export function eventHeaders(): Record<string, string> {
  return { ...safety, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }
}

/** Reads the JSON of a request. */
export async function readJson(request: IncomingMessage, mostBytes = 1 << 20): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > mostBytes) throw new HttpError(413, 'the request is too large')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch {
    throw new HttpError(400, 'the request is no JSON')
  }
}
