import { Worker } from 'node:worker_threads'
import { fail, messageOf } from './errors.ts'
import type { FileSystemModule } from './file-system.ts'
import type { PerformedSave, PreparedSave } from './perform-save.ts'
import { saveWorkerCode } from './save-worker-code.ts'
import type { SaveReply } from './save-worker.ts'

/** A worker thread that saves, one checkpoint at a time. It keeps the process alive only while it does. */
export class SaveThread {
  readonly #files: FileSystemModule | undefined
  #worker: Worker | undefined
  #answer: ((reply: SaveReply) => void) | undefined

  constructor(files: FileSystemModule | undefined) {
    this.#files = files
  }

  /** Performs a save; its arrays must be in shared memory, and stay as they are until it is done. */
  async perform(save: PreparedSave): Promise<PerformedSave> {
    const worker = (this.#worker ??= this.#start())
    worker.ref()
    const reply = await new Promise<SaveReply>((answer) => {
      this.#answer = answer
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      worker.postMessage(save)
    })
    this.#answer = undefined
    worker.unref()
    if ('saved' in reply) return reply.saved
    const { message, code } = reply.error
    return fail(message, { cause: Object.assign(new Error(`in the worker thread: ${message}`), { code }) })
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  #start(): Worker {
    const source = Buffer.from(saveWorkerCode).toString('base64')
    const worker = new Worker(new URL(`data:text/javascript;base64,${source}`), {
      workerData: { files: this.#files },
      // Options of the program, such as a loader or a memory limit, are not for this thread.
      execArgv: [],
    })
    const ended = (message: string): void => {
      // An error comes before the exit, and another thread may be at work by then.
      if (this.#worker !== worker) return
      this.#worker = undefined
      this.#answer?.({ error: { message: `the thread that saves has ended: ${message}`, code: undefined } })
    }
    worker.on('message', (reply: SaveReply) => this.#answer?.(reply))
    worker.on('error', (error) => ended(messageOf(error)))
    worker.on('exit', (code) => ended(`exit code ${code}`))
    return worker
  }
}
