import { readFile } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { Api, type RunPath, type RunUpdate } from './api.ts'
import { unstage, uploadArtifact } from './artifact-upload.ts'
import { BackOff } from './back-off.ts'
import { messageOf } from './errors.ts'
import { RequestError } from './http-client.ts'
import { objectText } from './json-text.ts'
import { OutputLines } from './output-lines.ts'
import type { ArtifactInfo, JsonFields, RunInfo, WandbRecord } from './record.ts'
import { type LogName, logNames, RunPosition } from './run-position.ts'
import type { Sender, SenderOptions, SenderState } from './sender.ts'
import { StreamRequest } from './stream-request.ts'
import { within } from './within.ts'

/** Failures in a row of which a person is told. */
const failuresToTell = 3
/** Characters of a value that is left out of the summary: it is in its row, and twice might be more than the server takes. */
const longValue = 1_000_000

/** The request under way, or what is to become one: all that is behind it in the file is not sent yet. */
interface Batch {
  readonly request: StreamRequest
  readonly files: (string | ArtifactInfo)[]
  /** Rows that the server was found to have. */
  known: number
  isConfigNew: boolean
  isSummaryNew: boolean
}

/**
 * Sends what stands in a `.wandb` file, in its order, one request at a time; what was not acknowledged is sent again. It starts from what the server has, so
 * it may be ended at any moment and begun anew.
 */
export class Delivery implements Sender {
  readonly #options: SenderOptions
  readonly #abort = new AbortController()
  readonly #api: Api
  readonly #backOff: BackOff
  readonly #config = new Map<string, string>()
  readonly #summary = new Map<string, string>()
  readonly #output = new OutputLines()
  readonly #done: Promise<void>
  #backlog: WandbRecord[] = []
  /** Files and artifacts before a row that has not been read yet: if the server has the row, it has them. */
  #files: (string | ArtifactInfo)[] = []
  #offsets: Record<LogName, number> = { history: 0, events: 0, output: 0 }
  #position: RunPosition | undefined
  #run: RunPath | undefined
  #exitCode: number | undefined
  #startTime = 0
  #delivered = 0
  #refusedFiles = 0
  #lastPost = 0
  #isFinishing = false
  #isComplete = false
  #error: string | undefined
  #wake: () => void = () => {}
  /** Kept once the server knows the run, or has failed to answer a few times. */
  readonly #tried: Promise<void>
  #tellTried: () => void = () => {}

  constructor(options: SenderOptions) {
    this.#options = options
    const { timing, server } = options
    this.#backOff = new BackOff(timing.firstRetry, timing.longestRetry)
    this.#api = new Api(server, { requestTimeout: timing.requestTimeout, signal: this.#abort.signal })
    this.#tried = new Promise((done) => (this.#tellTried = done))
    this.#done = this.#deliver().catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#error = messageOf(error)
    })
  }

  get state(): SenderState {
    return {
      delivered: this.#delivered,
      refusedFiles: this.#refusedFiles,
      isComplete: this.#isComplete,
      error: this.#error,
    }
  }

  get run(): RunPath | undefined {
    return this.#run
  }

  async started(timeout: number): Promise<void> {
    await within(timeout, Promise.race([this.#tried, this.#done]))
  }

  async finish(timeout: number): Promise<SenderState> {
    this.#isFinishing = true
    this.#wake()
    await within(timeout, this.#done)
    this.#abort.abort()
    this.#wake()
    await this.#done
    await this.#options.source.close()
    this.#api.close()
    return this.state
  }

  async #deliver(): Promise<void> {
    const info = await this.#runInfo()
    this.#run = await this.#connect(info)
    this.#tellTried()
    this.#lastPost = Date.now()
    for (;;) {
      // Asked before: what is written meanwhile is for the next round.
      const isLast = this.#isFinishing && this.#options.source.isWhole()
      await this.#send(await this.#fill())
      if (this.#backlog.length > 0) continue
      if (isLast) break
      await this.#sleep(this.#options.timing.interval)
    }
    await this.#post(JSON.stringify({ complete: true, exitcode: this.#exitCode ?? 1 }))
    this.#isComplete = true
  }

  /** Reads up to the record that tells about the run. */
  async #runInfo(): Promise<RunInfo> {
    for (;;) {
      const records = await this.#options.source.read()
      const at = records.findIndex(({ kind }) => kind === 'run')
      const record = records[at]
      if (record?.kind === 'run') {
        this.#backlog = records.slice(at + 1)
        put(this.#config, record.run.config)
        this.#startTime = record.run.startTime
        return record.run
      }
      if (this.#isFinishing) throw new Error('the file does not say which run it is of')
      await this.#sleep(100)
    }
  }

  /** Makes the run or finds it, and learns what the server has of it. */
  async #connect(info: RunInfo): Promise<RunPath> {
    const { id, project, entity, name, notes, group, jobType, tags, host } = info
    const { resume } = this.#options
    const found = await this.#insist(() => this.#api.resumeStatus({ id, project, entity }))
    if (resume === 'must' && !found)
      throw new Error(`there is no run "${id}" in project "${project}", but \`resume\` is 'must'`)
    if (resume === 'never' && found)
      throw new Error(`there is a run "${id}" in project "${project}" already, but \`resume\` is 'never'`)
    const config = this.#configJson()
    const described = { id, project, entity, name, notes, group, jobType, host, config }
    const update: RunUpdate = tags.length > 0 ? { ...described, tags } : described
    const none = { historyLines: 0, eventLines: 0, outputLines: 0, lastStep: undefined }
    this.#position = new RunPosition(found ?? none, info)
    for (const log of logNames) this.#offsets[log] = this.#position.offset(log)
    return this.#insist(() => this.#api.upsert(update))
  }

  /** Takes records until a request is full or there are no more. */
  async #fill(): Promise<Batch> {
    const batch: Batch = {
      request: new StreamRequest(),
      files: [],
      known: 0,
      isConfigNew: false,
      isSummaryNew: false,
    }
    for (;;) {
      if (this.#backlog.length === 0) this.#backlog = await this.#options.source.read()
      if (this.#backlog.length === 0) break
      let taken = 0
      while (taken < this.#backlog.length && batch.request.hasRoomFor(sizeOf(this.#backlog[taken]!)))
        this.#take(this.#backlog[taken++]!, batch)
      this.#backlog.splice(0, taken)
      if (this.#backlog.length > 0) return batch
      // The training goes on between two pieces.
      await new Promise((next) => setImmediate(next))
    }
    batch.files.push(...this.#files.splice(0))
    return batch
  }

  #take(record: WandbRecord, batch: Batch): void {
    const { request } = batch
    switch (record.kind) {
      case 'history':
        put(this.#summary, record.fields)
        if (this.#position!.hasRow(record.step)) {
          this.#files = []
          batch.known++
          return
        }
        batch.files.push(...this.#files.splice(0))
        batch.isSummaryNew = true
        return request.add('history', objectText(record.fields))
      case 'summary':
        batch.isSummaryNew = true
        return put(this.#summary, record.fields)
      case 'config':
        batch.isConfigNew = true
        return put(this.#config, record.fields)
      case 'stats':
        if (!this.#position!.has('events')) request.add('events', this.#eventText(record.fields, record.time))
        return
      case 'output':
        for (const line of this.#output.add(record.text, record.isError, record.time))
          if (!this.#position!.has('output')) request.add('output', line)
        return
      case 'files':
        return void this.#files.push(...record.paths)
      case 'artifact':
        return void this.#files.push(record.artifact)
      case 'exit':
        this.#exitCode = record.exitCode
        return
      default:
    }
  }

  async #send(batch: Batch): Promise<void> {
    const { request, files } = batch
    const run = this.#run!
    this.#delivered += batch.known
    if (batch.isConfigNew) await this.#insist(() => this.#api.upsert({ ...run, config: this.#configJson() }))
    for (const file of files) await this.#sendFile(run, file)
    if (batch.isSummaryNew) {
      const short = [...this.#summary].filter(([, json]) => json.length < longValue)
      request.setSummary(objectText(short))
    }
    const isDue = Date.now() - this.#lastPost > this.#options.timing.heartbeat
    if (!request.isEmpty) await this.#post(request.body(this.#offsets))
    else if (isDue) await this.#post('{}')
    for (const log of logNames) this.#offsets[log] += request.count(log)
    this.#delivered += request.rows
  }

  async #post(body: string): Promise<void> {
    const { stopped } = await this.#insist(() => this.#api.fileStream(this.#run!, body))
    this.#lastPost = Date.now()
    if (stopped) this.#options.onStop?.()
  }

  /** Sends a file or an artifact; one that the server or this machine refuses is told of, and left out: rows are not to wait for it. */
  async #sendFile(run: RunPath, file: string | ArtifactInfo): Promise<void> {
    const { files, warn } = this.#options
    try {
      if (typeof file === 'string') {
        const content = await readFile(inside(files, file))
        await this.#insist(() => this.#api.uploadRunFile(run, file, content))
      } else {
        await uploadArtifact(this.#api, run, file, files, (ask) => this.#insist(ask))
        await unstage(file, files)
      }
    } catch (error) {
      if (this.#abort.signal.aborted) throw error
      this.#refusedFiles++
      warn(`cannot send ${typeof file === 'string' ? file : file.name}: ${messageOf(error)}`)
    }
  }

  /** Asks until there is an answer. @throws if asking again cannot help, or when delivery is given up. */
  async #insist<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const answer = await ask()
        if (this.#backOff.failures >= failuresToTell) this.#options.warn(`${this.#api.baseUrl} answers again`)
        this.#backOff.reset()
        return answer
      } catch (error) {
        if (this.#abort.signal.aborted || !(error instanceof RequestError)) throw error
        if (error.isFinal) throw new Error(this.#refusal(error), { cause: error })
        const wait = this.#backOff.next(error.retryAfter)
        const reason = error.status ? `HTTP ${error.status}, ${error.message}` : error.message
        if (this.#backOff.failures === failuresToTell) {
          this.#options.warn(
            `${this.#api.baseUrl} does not answer well (${reason}); rows wait in the file meanwhile`,
          )
          this.#tellTried()
        }
        await this.#sleep(wait, true)
        this.#abort.signal.throwIfAborted()
      }
    }
  }

  #eventText(fields: JsonFields, time: number): string {
    const named = [...fields].map(([key, json]) => [`system.${key}`, json] as const)
    const runtime = String(time - this.#startTime)
    return objectText([...named, ['_wandb', 'true'], ['_timestamp', String(time)], ['_runtime', runtime]])
  }

  #refusal({ status, message }: RequestError): string {
    const { baseUrl } = this.#api
    if (status === 401) return `${baseUrl} does not accept the API key (HTTP 401: ${message})`
    const advice = status === 403 || status === 404 ? '; check the project and the entity' : ''
    return `${baseUrl} refused (HTTP ${status}: ${message})${advice}`
  }

  #configJson(): string {
    return objectText([...this.#config].map(([key, json]) => [key, `{"value":${json}}`]))
  }

  /** Waits; the end of delivery cuts it short, as does the wish to finish, unless the wait is one after a failure. */
  #sleep(ms: number, isAfterFailure = false): Promise<void> {
    if (this.#abort.signal.aborted || (this.#isFinishing && !isAfterFailure)) return Promise.resolve()
    return new Promise((done) => {
      const timer = setTimeout(done, ms)
      timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        done()
      }
    })
  }
}

/** Gives the path of a file in a folder. @throws if it is elsewhere: a `.wandb` file may come from anybody. */
function inside(folder: string, file: string): string {
  const path = resolve(folder, file)
  if (!path.startsWith(resolve(folder) + sep)) throw new Error('it is not in the folder of the run')
  return path
}

function put(into: Map<string, string>, fields: JsonFields): void {
  for (const [key, json] of fields) into.set(key, json)
}

/** Gives about the bytes that a record takes in a request. */
function sizeOf(record: WandbRecord): number {
  if (record.kind === 'output') return record.text.length
  if (record.kind !== 'history' && record.kind !== 'stats') return 0
  let size = 0
  for (const [key, json] of record.fields) size += key.length + json.length + 8
  return size
}
