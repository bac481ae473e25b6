import http from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream/promises'

/** A request that was not answered well. */
export class RequestError extends Error {
  /** Of the answer; 0 if there was none. */
  readonly status: number
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number | undefined

  constructor(message: string, status: number, retryAfter?: number, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.retryAfter = retryAfter
  }

  /** Whether asking again cannot help. */
  get isFinal(): boolean {
    return finalStatuses.has(this.status)
  }
}

// Those that the official client does not repeat either.
const finalStatuses = new Set([400, 401, 403, 404, 409, 410, 413, 422, 501])

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Milliseconds for all of it. */
  readonly timeout: number
  readonly signal: AbortSignal
}

/**
 * Sends requests over connections that are kept, but that do not keep the process from ending.
 */
export class HttpClient {
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  }

  /**
   * Gives the text of the answer.
   * @throws RequestError if there is none in time, or one that says no.
   */
  send({ method, url, headers, body, timeout, signal }: HttpRequest): Promise<string> {
    const { protocol } = new URL(url)
    const { request } = protocol === 'https:' ? https : http
    const agent = this.#agents[protocol as 'http:' | 'https:']
    return new Promise((resolve, reject) => {
      const failed = (reason: string, cause?: unknown): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        outgoing.destroy()
        reject(new RequestError(reason, 0, undefined, { cause }))
      }
      const abort = (): void => failed('given up')
      const outgoing = request(url, { method, agent, headers: { ...headers } }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', (error) => failed(error.message, error))
        answer.on('end', () => {
          if (!answer.complete) return failed('the answer ended too soon')
          clearTimeout(timer)
          signal.removeEventListener('abort', abort)
          const text = Buffer.concat(chunks).toString()
          const status = answer.statusCode ?? 0
          if (status >= 200 && status < 300) return resolve(text)
          reject(new RequestError(answerText(text), status, waitAsked(answer.headers['retry-after'])))
        })
        answer.on('close', () => !answer.complete && failed('the connection was closed'))
      })
      const timer = setTimeout(() => failed(`no answer within ${Math.round(timeout)} ms`), timeout)
      timer.unref()
      outgoing.on('socket', (socket) => socket.unref())
      outgoing.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message, error))
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort)
      void writeBody(outgoing, body).catch((error: Error) => failed(error.message, error))
    })
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }
}

async function writeBody(outgoing: http.ClientRequest, body: HttpRequest['body']): Promise<void> {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    outgoing.setHeader('content-length', Buffer.byteLength(body))
    return void outgoing.end(body)
  }
  await pipeline(body, outgoing)
}

/** Takes the messages out of an error of W&B's, or the start of what was answered instead. */
function answerText(text: string): string {
  try {
    const { errors, error, message } = JSON.parse(text) as Record<string, unknown>
    const found = Array.isArray(errors)
      ? errors.map((one: { message?: string }) => one?.message)
      : [error ?? message]
    const told = found.filter((one) => typeof one === 'string').join('; ')
    if (told) return told
  } catch {
    // Not JSON: a page of some proxy.
  }
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 200) || 'no reason given'
}

function waitAsked(header: string | undefined): number | undefined {
  if (!header) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
