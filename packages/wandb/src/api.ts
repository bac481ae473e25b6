import type { ApiKey } from './api-key.ts'
import { fail } from './errors.ts'
import { HttpClient, RequestError } from './http-client.ts'
import type { ServerSettings } from './settings.ts'
import { longestWait } from './within.ts'

/** What the server knows of a run. */
export interface ServerRun {
  readonly historyLines: number
  readonly eventLines: number
  readonly outputLines: number
  /** The `_step` of the last row; undefined if there is none. */
  readonly lastStep: number | undefined
}

/** A run's place on the server. */
export interface RunPath {
  readonly entity: string
  readonly project: string
  readonly id: string
}

/** What `UpsertBucket` is told of a run; absent parts stay as they are. */
export interface RunUpdate {
  readonly id: string
  readonly project: string
  readonly entity?: string | undefined
  readonly name?: string | undefined
  readonly notes?: string | undefined
  readonly group?: string | undefined
  readonly jobType?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly host?: string | undefined
  /** JSON text. */
  readonly config?: string | undefined
}

interface ApiOptions {
  readonly requestTimeout: number
  readonly signal: AbortSignal
}

/** The operations of W&B's server that a run needs, named as there. Errors never show the API key. */
export class Api {
  readonly baseUrl: string
  readonly #key: ApiKey
  readonly #options: ApiOptions
  readonly #http = new HttpClient()

  constructor({ baseUrl, key }: ServerSettings, options: ApiOptions) {
    this.baseUrl = baseUrl
    this.#key = key
    this.#options = options
  }

  /** Asks what is there of a run; undefined if it is not known. */
  async resumeStatus({ id, project, entity }: RunUpdate): Promise<ServerRun | undefined> {
    const { model } = await this.query<{ model: { bucket: Bucket | null } | null }>(
      'RunResumeStatus',
      resumeQuery,
      {
        name: id,
        project,
        entity,
      },
    )
    const bucket = model?.bucket
    if (!bucket) return undefined
    return {
      historyLines: bucket.historyLineCount ?? 0,
      eventLines: bucket.eventsLineCount ?? 0,
      outputLines: bucket.logLineCount ?? 0,
      lastStep: lastStepOf(bucket),
    }
  }

  /** Makes the run, or tells the server what is new about it; gives its place. */
  async upsert({
    id,
    project,
    entity,
    name,
    notes,
    group,
    jobType,
    tags,
    host,
    config,
  }: RunUpdate): Promise<RunPath> {
    const { upsertBucket } = await this.query<{ upsertBucket: { bucket: UpsertedBucket } | null }>(
      'UpsertBucket',
      upsertQuery,
      { name: id, project, entity, displayName: name, notes, groupName: group, jobType, tags, host, config },
    )
    const made = upsertBucket?.bucket.project
    if (!made) fail(`${this.baseUrl} did not make the run: its answer is empty`)
    return { id, project: made.name, entity: made.entity.name }
  }

  /** Sends lines of the run's logs; repeating a request changes nothing. Gives what the server has to say. */
  async fileStream(run: RunPath, body: string): Promise<{ stopped: boolean }> {
    const path = ['files', run.entity, run.project, run.id, 'file_stream'].map(encodeURIComponent).join('/')
    const text = await this.#send('POST', `${this.baseUrl}/${path}`, body, this.#headers('application/json'))
    return { stopped: (parsed(text) as { stopped?: boolean }).stopped === true }
  }

  /** Sends a file of the run. */
  async uploadRunFile(run: RunPath, name: string, content: Uint8Array): Promise<void> {
    const { createRunFiles } = await this.query<{
      createRunFiles: { uploadHeaders?: string[]; files: { name: string; uploadUrl: string }[] }
    }>('CreateRunFiles', createFilesQuery, {
      entity: run.entity,
      project: run.project,
      run: run.id,
      files: [name],
    })
    const url = createRunFiles.files[0]?.uploadUrl
    if (!url) fail(`${this.baseUrl} gave no address for the file ${name}`)
    await this.upload(url, createRunFiles.uploadHeaders, content)
  }

  /** Puts content where the server said. */
  async upload(
    url: string,
    headerLines: readonly string[] | null | undefined,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    size?: number,
  ): Promise<void> {
    const headers: Record<string, string> = {}
    if (size !== undefined) headers['content-length'] = String(size)
    for (const line of headerLines ?? []) {
      const colon = line.indexOf(':')
      headers[line.slice(0, colon)] = line.slice(colon + 1).trim()
    }
    // Files go to the server itself or to a store that it names; only the former may see the key.
    const target = new URL(url, this.baseUrl)
    const isOwn = target.origin === new URL(this.baseUrl).origin
    await this.#send('PUT', target.href, content, { ...(isOwn ? this.#headers() : {}), ...headers })
  }

  /** Asks a question, or for a change, of the GraphQL interface. */
  async query<T>(operationName: string, query: string, variables: object): Promise<T> {
    const body = JSON.stringify({ operationName, query, variables })
    const text = await this.#send('POST', `${this.baseUrl}/graphql`, body, this.#headers('application/json'))
    const { data, errors } = parsed(text) as { data?: T; errors?: { message?: string }[] }
    if (errors?.length) {
      const reasons = errors.map(({ message }) => message ?? 'no reason given').join('; ')
      // The server looked at it, and will not think otherwise the next time.
      throw new RequestError(this.#key.redact(reasons), 400)
    }
    if (!data) throw new RequestError('the answer has no data', 0)
    return data
  }

  close(): void {
    this.#http.close()
  }

  #headers(type?: string): Record<string, string> {
    const common = { authorization: this.#key.authorization(), 'user-agent': 'trainyard-wandb' }
    return type ? { ...common, 'content-type': type } : common
  }

  async #send(
    method: 'POST' | 'PUT',
    url: string,
    body: string | Uint8Array | AsyncIterable<Uint8Array>,
    headers: Record<string, string>,
  ): Promise<string> {
    const { requestTimeout, signal } = this.#options
    // A slow line has 100 kB a second.
    const size = Number(headers['content-length'] ?? (body as string).length ?? 0)
    const timeout = Math.min(requestTimeout + size / 100, longestWait)
    try {
      return await this.#http.send({ method, url, body, headers, timeout, signal })
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      // The cause may show the request.
      throw new RequestError(this.#key.redact(error.message), error.status, error.retryAfter)
    }
  }
}

interface Bucket {
  historyLineCount?: number | null
  eventsLineCount?: number | null
  logLineCount?: number | null
  historyTail?: string | null
  summaryMetrics?: string | null
}

interface UpsertedBucket {
  project: { name: string; entity: { name: string } } | null
}

/** Looks into the last rows, or else the summary; both are JSON within JSON. */
function lastStepOf({ historyTail, summaryMetrics, historyLineCount }: Bucket): number | undefined {
  if (!historyLineCount) return undefined
  const rows = parsed(historyTail ?? '[]')
  const steps = (Array.isArray(rows) ? rows : [])
    .map((row: unknown) => stepIn(String(row)))
    .filter((step) => step !== undefined)
  return steps.length > 0 ? Math.max(...steps) : stepIn(summaryMetrics ?? '{}')
}

function stepIn(json: string): number | undefined {
  const { _step: step } = (parsed(json) ?? {}) as { _step?: unknown }
  return typeof step === 'number' ? step : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text || '{}')
  } catch {
    throw new RequestError(`the answer is not JSON: ${text.slice(0, 80)}`, 0)
  }
}

const resumeQuery = `query RunResumeStatus($project: String, $entity: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    bucket(name: $name, missingOk: true) {
      historyLineCount eventsLineCount logLineCount historyTail summaryMetrics
    }
  }
}`

const upsertQuery = `mutation UpsertBucket(
  $name: String, $project: String, $entity: String, $groupName: String, $displayName: String, $notes: String,
  $config: JSONString, $host: String, $jobType: String, $tags: [String!]
) {
  upsertBucket(input: {
    name: $name, modelName: $project, entityName: $entity, groupName: $groupName, displayName: $displayName,
    notes: $notes, config: $config, host: $host, jobType: $jobType, tags: $tags
  }) {
    bucket { id name project { name entity { name } } }
    inserted
  }
}`

const createFilesQuery = `mutation CreateRunFiles(
  $entity: String!, $project: String!, $run: String!, $files: [String!]!
) {
  createRunFiles(input: { entityName: $entity, projectName: $project, runName: $run, files: $files }) {
    uploadHeaders
    files { name uploadUrl }
  }
}`
