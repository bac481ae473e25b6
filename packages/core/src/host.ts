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

interface Timers {
  performance?: { now(): number }
  setImmediate?: (run: () => void) => unknown
  setTimeout?: (run: () => void, ms: number) => unknown
  console?: Record<'log' | 'warn', (line: string) => void>
  process?: {
    on?(event: string, listener: () => void): unknown
    off?(event: string, listener: () => void): unknown
    exit?(code: number): void
    exitCode?: number | undefined
  }
}

const signals = { SIGINT: 130, SIGTERM: 143 }

/** Gives the host of the process or page that this runs in. */
export function defaultHost(): Host {
  const { performance: clock, setImmediate, setTimeout, console, process } = globalThis as Timers
  return {
    now: clock ? () => clock.now() : () => Date.now(),
    // setImmediate runs after due timers and I/O, at a cost of microseconds; a browser has only setTimeout.
    turn: () => new Promise((done) => (setImmediate ? setImmediate(done) : setTimeout ? setTimeout(done, 0) : done())),
    print: (line) => console?.log(line),
    warn: (line) => console?.warn(line),
    onSignal(listener) {
      const installed = Object.entries(signals).map(([signal, code]) => [signal, () => listener(signal, code)] as const)
      for (const [signal, handler] of installed) process?.on?.(signal, handler)
      return () => {
        for (const [signal, handler] of installed) process?.off?.(signal, handler)
      }
    },
    setExitCode(code) {
      if (process) process.exitCode = code
    },
    exit: (code) => process?.exit?.(code),
  }
}
