import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { answer, type ArtifactRecord } from './operations.ts'
import { type FileStreamBody, RunRecord } from './run-record.ts'

/** What goes wrong with a request. */
export interface WandbFault {
  /** The operation's name, or `file_stream`, or `upload`. Default: any. */
  readonly on?: string
  /** With how many requests; then it is over. Default: until `faults` is emptied. */
  times?: number
  /** Milliseconds until the request is looked at. */
  readonly delay?: number
  /** Never answers. */
  readonly hang?: boolean
  /** Closes the connection: before the request is looked at, or after, in place of the answer. */
  readonly drop?: 'before' | 'after'
  /** Answers with this status, and does nothing. */
  readonly status?: number
  /** Seconds. */
  readonly retryAfter?: number
  /** What stands in the answer. May repeat what the request said. */
  readonly message?: string | ((request: WandbRequest) => string)
}

/** A request, as it came. */
export interface WandbRequest {
  /** As in `WandbFault.on`. */
  readonly operation: string
  readonly url: string
  readonly authorization: string
  readonly bytes: number
}

export interface WandbStandInOptions {
  /** Keys that are accepted. Default: any. */
  readonly keys?: readonly string[]
  /** Users and teams that there are. Default: any. */
  readonly entities?: readonly string[]
}

/**
 * Stands in for the server of Weights & Biases, on 127.0.0.1: the operations and the file stream that clients need to log runs. It keeps what arrives and
 * fails as it is told to. It is made after what the official client sends and expects; it is not W&B's server, and what passes with it may fail there.
 */
export class WandbStandIn {
  readonly runs: Map<string, RunRecord> = new Map()
  readonly artifacts: ArtifactRecord[] = []
  readonly requests: WandbRequest[] = []
  /** What is to go wrong; the first that fits counts. */
  faults: WandbFault[] = []
  readonly #options: WandbStandInOptions
  #server: Server | undefined
  #port = 0
  readonly #waiting: (() => void)[] = []

  private constructor(options: WandbStandInOptions) {
    this.#options = options
  }

  /** Starts one on a free port. */
  static async start(options: WandbStandInOptions = {}): Promise<WandbStandIn> {
    const standIn = new WandbStandIn(options)
    await standIn.restart()
    return standIn
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Gives a run that must be there. */
  run(id: string): RunRecord {
    const run = this.runs.get(id)
    if (!run)
      throw new Error(`the stand-in has no run ${id}; it has ${[...this.runs.keys()].join(', ') || 'none'}`)
    return run
  }

  /** Gives a run, made if need be. */
  runOf(id: string, entity: string, project: string): RunRecord {
    const run = this.runs.get(id) ?? new RunRecord(id, entity, project)
    this.runs.set(id, run)
    return run
  }

  /** Goes away in the middle of everything; what arrived is kept. */
  async kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = new Promise((done) => server.close(done))
    server.closeAllConnections()
    await closed
  }

  /** Comes back, at the same address. */
  async restart(): Promise<void> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: Error) => {
        if (!response.headersSent) reply(response, 500, { error: error.message })
      })
    })
    await new Promise<void>((ready, failed) => {
      server.once('error', failed)
      server.listen(this.#port, '127.0.0.1', ready)
    })
    this.#port = (server.address() as { port: number }).port
    this.#server = server
  }

  /** Waits until something holds about what arrived; it is looked at after each request. */
  async until(holds: (standIn: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((next) => this.#waiting.push(next))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const raw = Buffer.concat(chunks)
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
    const url = request.url ?? ''
    const query = url.startsWith('/graphql') ? (JSON.parse(body.toString()) as GraphqlBody) : undefined
    const operation = query
      ? (query.operationName ?? /(?:query|mutation)\s+(\w+)/.exec(query.query)?.[1] ?? '')
      : url.endsWith('/file_stream')
        ? 'file_stream'
        : 'upload'
    const { authorization = '' } = request.headers
    const seen = { operation, url, authorization, bytes: body.length }
    this.requests.push(seen)
    this.#wake()

    const fault = this.#fault(operation)
    if (fault?.delay) await sleep(fault.delay)
    if (fault?.hang) return
    if (fault?.drop === 'before') return void request.socket.destroy()
    if (fault?.status) {
      const { message = 'made to fail' } = fault
      const text = typeof message === 'string' ? message : message(seen)
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }
      return reply(response, fault.status, { errors: [{ message: text }] }, headers)
    }
    const { status, content } = this.#answer(seen, query, body)
    if (fault?.drop === 'after') request.socket.destroy()
    else reply(response, status, content)
    this.#wake()
  }

  #wake(): void {
    for (const next of this.#waiting.splice(0)) next()
  }

  #fault(operation: string): WandbFault | undefined {
    const fault = this.faults.find(({ on = operation }) => on === operation)
    if (fault?.times !== undefined && --fault.times <= 0)
      this.faults = this.faults.filter((other) => other !== fault)
    return fault
  }

  #answer(
    { operation, url, authorization }: WandbRequest,
    query: GraphqlBody | undefined,
    body: Buffer,
  ): { status: number; content: unknown } {
    const { keys, entities } = this.#options
    const key = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString().replace('api:', '')
    if (operation !== 'upload' && keys && !keys.includes(key))
      return { status: 401, content: { errors: [{ message: 'user is not logged in' }] } }
    if (query) {
      const { variables = {} } = query
      const entity = variables['entity'] as string | undefined
      if (operation === 'UpsertBucket' && entity && entities && !entities.includes(entity))
        return {
          status: 404,
          content: { errors: [{ message: `entity ${entity} not found during upsertBucket` }] },
        }
      return { status: 200, content: { data: answer(this, operation, variables) ?? {} } }
    }
    const [, kind, first = '', second = '', third = ''] = url
      .split('/')
      .map((part) => decodeURIComponent(part))
    if (operation === 'file_stream') {
      const run = this.runOf(third, first, second)
      run.stream(JSON.parse(body.toString()) as FileStreamBody)
      return { status: 200, content: { exitcode: null, limits: {}, ...(run.isStopped && { stopped: true }) } }
    }
    if (kind === 'upload') this.run(first).files.set(second, body)
    if (kind === 'artifact') this.artifacts[Number(first)]?.files.set(second, body)
    return { status: 200, content: {} }
  }
}

interface GraphqlBody {
  readonly operationName?: string
  readonly query: string
  readonly variables?: Record<string, unknown>
}

function reply(
  response: ServerResponse,
  status: number,
  content: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(content))
}
