/** Where text goes: `process.stdout`, or anything with a `write`. */
export interface OutputStream {
  write(text: string): unknown
  /** Whether it is a terminal. */
  readonly isTTY?: boolean
  /** Characters a line, on a terminal. */
  readonly columns?: number
}

interface Surroundings {
  process?: { stdout?: OutputStream; stderr?: OutputStream; env?: Record<string, string | undefined> }
}

/** Gives the standard output of the process; a page in a browser has none. */
export function standardOutput(): OutputStream | undefined {
  return (globalThis as Surroundings).process?.stdout
}

/** Gives the streams that end up on the same screen as this one. */
export function sharedScreen(stream: OutputStream): OutputStream[] {
  const { stdout, stderr } = (globalThis as Surroundings).process ?? {}
  return stream === stdout && stderr?.isTTY ? [stream, stderr] : [stream]
}

/**
 * Tells whether a line that is drawn over and over works here: on a terminal, unless a CI server records
 * it, or it is a `dumb` one.
 */
export function canRedraw(stream: OutputStream): boolean {
  const { CI = '', TERM } = (globalThis as Surroundings).process?.env ?? {}
  const isCI = CI !== '' && CI !== 'false' && CI !== '0'
  return stream.isTTY === true && !isCI && TERM !== 'dumb'
}
