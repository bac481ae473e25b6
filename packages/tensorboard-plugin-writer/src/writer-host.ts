import fs from 'node:fs'

/** What a writer needs of the machine; tests pass their own. */
export interface WriterHost {
  /** Milliseconds since 1970. */
  now(): number
  warn(line: string): void
  readonly fs: FileSystem
}

/** The functions of `node:fs` that a writer calls. */
export type FileSystem = Pick<
  typeof fs,
  | 'closeSync'
  | 'fdatasyncSync'
  | 'ftruncateSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'readSync'
  | 'realpathSync'
  | 'renameSync'
  | 'rmSync'
  | 'statSync'
  | 'truncateSync'
  | 'writeFileSync'
  | 'writeSync'
>

export function defaultHost(): WriterHost {
  return { now: () => Date.now(), warn: (line) => console.warn(line), fs }
}
