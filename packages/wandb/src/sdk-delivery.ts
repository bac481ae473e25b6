import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { RunPath } from './api.ts'
import { fail, messageOf } from './errors.ts'
import { objectText } from './json-text.ts'
import type { RunInfo, WandbRecord } from './record.ts'
import { type FromSdk, sdkWorker, type SdkWorkerData, type ToSdk } from './sdk-worker.ts'
import type { Sender, SenderOptions, SenderState } from './sender.ts'
import { within } from './within.ts'

/** How often new rows are handed over, in milliseconds. */
const interval = 500
/** More rows than that in a request the SDK forgets at its end, without a word; until then it may take half a minute between two requests. */
const mostRows = 10_000
const requestInterval = 30_000

/**
 * Hands the rows of a run to `@wandb/sdk`. What it is given is checked, and it lives in a worker, so that its faults cannot end the program; but it does not tell
 * what has arrived, so the number of delivered rows is not known. It takes the configuration at the start, rows, and nothing else.
 */
export class SdkDelivery implements Sender {
  readonly #options: SenderOptions
  readonly #done: Promise<void>
  readonly #connected: Promise<void>
  #tellConnected: () => void = () => {}
  #worker: Worker | undefined
  #run: RunPath | undefined
  #exitCode = 1
  /** What was handed over of late. */
  #recent: { readonly time: number; readonly rows: number }[] = []
  #isFinishing = false
  #isComplete = false
  #error: string | undefined
  #wake: () => void = () => {}

  constructor(options: SenderOptions) {
    this.#options = options
    this.#connected = new Promise((done) => (this.#tellConnected = done))
    this.#done = this.#deliver().catch((error: unknown) => {
      this.#error = `@wandb/sdk: ${options.server.key.redact(messageOf(error))}`
    })
  }

  get state(): SenderState {
    return { delivered: undefined, refusedFiles: 0, isComplete: this.#isComplete, error: this.#error }
  }

  get run(): RunPath | undefined {
    return this.#run
  }

  async started(timeout: number): Promise<void> {
    await within(timeout, Promise.race([this.#connected, this.#done]))
  }

  async finish(timeout: number): Promise<SenderState> {
    this.#isFinishing = true
    this.#wake()
    await within(timeout, this.#done)
    await this.#worker?.terminate()
    await this.#options.source.close()
    return this.state
  }

  async #deliver(): Promise<void> {
    const { source } = this.#options
    const records = await source.read()
    const at = records.findIndex(({ kind }) => kind === 'run')
    const record = records[at]
    if (record?.kind !== 'run') return fail('the file does not say which run it is of')
    const worker = this.#start(record.run)
    this.#worker = worker
    await Promise.all([this.#end(worker, record.run), this.#feed(worker, records.slice(at + 1))])
  }

  #start({ id, project, entity, name, config }: RunInfo): Worker {
    const { baseUrl, key } = this.#options.server
    const data: SdkWorkerData = {
      sdk: sdkPath(),
      options: { id, project, entity, name, config: JSON.parse(objectText(config)) as unknown },
    }
    const code = `const { parentPort, workerData } = require('node:worker_threads');(${sdkWorker.toString()})(parentPort, workerData, require)`
    const env = { WANDB_API_KEY: key.reveal(), WANDB_BASE_URL: baseUrl, WANDB_SILENT: 'true' }
    const worker = new Worker(code, { eval: true, workerData: data, env, stdout: true, stderr: true })
    worker.unref()
    return worker
  }

  /** Waits for the worker's end. @throws if it ends otherwise than it was told to. */
  #end(worker: Worker, { id }: RunInfo): Promise<void> {
    return new Promise((done, failed) => {
      worker.on('error', failed)
      worker.on('exit', () => (this.#isComplete ? done() : failed(new Error('it was not done'))))
      worker.on('message', (message: FromSdk) => {
        if (message.kind === 'started') {
          this.#run = { entity: message.entity, project: message.project, id }
          this.#tellConnected()
        } else {
          this.#isComplete = true
          void worker.terminate()
        }
      })
    })
  }

  async #feed(worker: Worker, first: readonly WandbRecord[]): Promise<void> {
    const { source } = this.#options
    let records = first
    for (;;) {
      // Asked before: what is written meanwhile is for the next round.
      const isLast = this.#isFinishing && source.isWhole()
      for (; records.length > 0; records = await source.read()) this.#handOver(worker, records)
      if (isLast) break
      await this.#sleep()
      records = await source.read()
    }
    tell(worker, { exitCode: this.#exitCode })
  }

  #handOver(worker: Worker, records: readonly WandbRecord[]): void {
    const rows: [row: Record<string, unknown>, step: number][] = []
    for (const record of records) {
      if (record.kind === 'exit') this.#exitCode = record.exitCode
      if (record.kind !== 'history') continue
      const { _step, _runtime, _timestamp, ...row } = JSON.parse(objectText(record.fields)) as Record<
        string,
        unknown
      >
      rows.push([row, record.step])
    }
    tell(worker, { rows })
    const now = performance.now()
    this.#recent = [
      ...this.#recent.filter(({ time }) => now - time < requestInterval),
      { time: now, rows: rows.length },
    ]
    const count = this.#recent.reduce((sum, handed) => sum + handed.rows, 0)
    if (count > mostRows)
      this.#options.warn(
        `more than ${mostRows} rows in half a minute: @wandb/sdk may drop some; the file has all`,
      )
  }

  #sleep(): Promise<void> {
    if (this.#isFinishing) return Promise.resolve()
    return new Promise((done) => {
      const timer = setTimeout(done, interval)
      timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        done()
      }
    })
  }
}

function tell(worker: Worker, message: ToSdk): void {
  // The rule takes it for a window.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  worker.postMessage(message)
}

function sdkPath(): string {
  try {
    return createRequire(import.meta.url).resolve('@wandb/sdk')
  } catch (cause) {
    return fail("`client: 'sdk'` needs the package @wandb/sdk: npm install @wandb/sdk graphql@16", { cause })
  }
}
