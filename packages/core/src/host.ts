/** What differs between Node and a browser. The default looks at `globalThis`; tests pass their own. */
export interface Host {
  /** Milliseconds on a clock that only goes forward. */
  now(): number
  /** Lets timers, signals and pending I/O run once. */
  turn(): Promise<void>
  print(line: string): void
  warn(line: string): void
  /** Calls `listener` with each request to stop (SIGINT, SIGTERM) until the returned function is called. */
  onSignal(listener: (signal: string, exitCode: number) => void): () => void
  /** Sets the code with which the process will end by itself. */
  setExitCode(code: number): void
  /** Ends the process at once. */
  exit(code: number): void
}

interface Globals {
  readonly performance: { now(): number }
  readonly setImmediate?: (run: () => void) => unknown
  readonly MessageChannel: new () => {
    port1: { onmessage: (() => void) | null }
    port2: { postMessage(message: null): void }
  }
  readonly console: Record<'log' | 'warn', (line: string) => void>
  readonly process?: {
    on?(event: string, listener: () => void): unknown
    off?(event: string, listener: () => void): unknown
    exit?(code: number): void
    exitCode?: number
  }
}

/** Gives the host of the process or page that this runs in. */
export function defaultHost(): Host {
  const { performance, setImmediate, MessageChannel, console, process } = globalThis as unknown as Globals
  return {
    now: () => performance.now(),
    turn: () =>
      new Promise((done) => {
        // Runs after due timers and I/O, at a cost of microseconds.
        if (setImmediate) return void setImmediate(done)
        // A browser makes repeated timeouts wait, for a second where the page is hidden; messages it does not.
        const { port1, port2 } = new MessageChannel()
        // oxlint-disable-next-line unicorn/prefer-add-event-listener
        port1.onmessage = () => done()
        port2.postMessage(null)
      }),
    print: (line) => console.log(line),
    warn: (line) => console.warn(line),
    onSignal(listener) {
      const interrupt = (): void => listener('SIGINT', 130)
      const terminate = (): void => listener('SIGTERM', 143)
      const both = (change: 'on' | 'off'): void => {
        process?.[change]?.('SIGINT', interrupt)
        process?.[change]?.('SIGTERM', terminate)
      }
      both('on')
      return () => both('off')
    },
    setExitCode(code) {
      if (process) process.exitCode = code
    },
    exit: (code) => process?.exit?.(code),
  }
}
