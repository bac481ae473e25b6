import { Worker } from 'node:worker_threads'

/**
 * Ends the process if a call that blocks the event loop does not return in time: no timer could. A dead connection under a transfer is the usual case. What ends
 * one rank ends the job, as the launcher sees to it.
 */
export class Guardian {
  /** Seconds since 1970 at which the call in progress is overdue; 0 while there is none. */
  readonly #deadline = new Int32Array(new SharedArrayBuffer(4))
  readonly #seconds: number

  constructor(timeout: number, who: string) {
    this.#seconds = Math.ceil(timeout / 1000)
    const message = `${who} MPI has not come back for ${this.#seconds} s: a host or a connection may be down; ending the job\n`
    const worker = new Worker(program, { eval: true, workerData: { deadline: this.#deadline, message } })
    worker.unref()
  }

  /** Makes a call that blocks. */
  over<T>(call: () => T): T {
    Atomics.store(this.#deadline, 0, Math.ceil(Date.now() / 1000) + this.#seconds)
    try {
      return call()
    } finally {
      Atomics.store(this.#deadline, 0, 0)
    }
  }
}

const program = `
const { workerData: { deadline, message } } = require('node:worker_threads')
const { writeSync } = require('node:fs')
setInterval(() => {
  const until = Atomics.load(deadline, 0)
  if (until === 0 || Date.now() / 1000 < until) return
  try { writeSync(2, message) } finally { process.kill(process.pid, 'SIGKILL') }
}, 500)`
