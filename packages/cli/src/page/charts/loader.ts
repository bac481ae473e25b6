type Task = (signal: AbortSignal) => Promise<void>

/** Lets one task be on its way at a time, and the last one that was wanted follow it. */
export class Loader {
  #next: { readonly what: string; readonly task: Task } | undefined
  #busy: { readonly what: string; readonly abort: AbortController } | undefined

  /** @param what Names what is asked for: a task for the same is waited for, one for anything else is given up. */
  load(what: string, task: Task): void {
    this.#next = { what, task }
    if (!this.#busy) void this.#run()
    else if (this.#busy.what !== what) this.#busy.abort.abort()
  }

  /** Gives up what is on its way. */
  close(): void {
    this.#next = undefined
    this.#busy?.abort.abort()
  }

  async #run(): Promise<void> {
    while (this.#next) {
      const { what, task } = this.#next
      this.#next = undefined
      const abort = new AbortController()
      this.#busy = { what, abort }
      await task(abort.signal)
    }
    this.#busy = undefined
  }
}
