/** A file of an artifact. */
export interface ArtifactFile {
  /** Its name in the artifact, with `/` between folders. */
  readonly path: string
  /** MD5, in base64. */
  readonly digest: string
  readonly size: number
  /** Where it is on this machine. */
  readonly localPath: string
}

/** A version of an artifact: files that W&B keeps together. */
export interface ArtifactInfo {
  readonly name: string
  readonly type: string
  readonly aliases: readonly string[]
  readonly metadata: string
  /** MD5 of the manifest, in hexadecimal digits. */
  readonly digest: string
  readonly files: readonly ArtifactFile[]
}

/** What is known of a run at its start. */
export interface RunInfo {
  readonly id: string
  readonly project: string
  readonly entity?: string | undefined
  readonly name?: string | undefined
  readonly group?: string | undefined
  readonly jobType?: string | undefined
  readonly notes?: string | undefined
  readonly tags: readonly string[]
  /** JSON texts by name. */
  readonly config: ReadonlyMap<string, string>
  readonly host: string
  /** Seconds since 1970. */
  readonly startTime: number
  /**
   * Lines of the server's logs that came before the first of this file, where a run goes on in a new file. Not one of W&B's fields: others pass over it.
   */
  readonly outputLines: number
  readonly eventLines: number
}

/** JSON texts by name. */
export type JsonFields = ReadonlyMap<string, string>

/** What a `.wandb` file says, as far as this package writes it. */
export type WandbRecord =
  | { readonly kind: 'header' }
  | { readonly kind: 'run'; readonly run: RunInfo }
  | { readonly kind: 'config'; readonly fields: JsonFields }
  /** A row; `_step`, `_runtime` and `_timestamp` are among the fields. */
  | { readonly kind: 'history'; readonly fields: JsonFields; readonly step: number }
  | { readonly kind: 'summary'; readonly fields: JsonFields }
  | { readonly kind: 'stats'; readonly fields: JsonFields; readonly time: number }
  | { readonly kind: 'output'; readonly text: string; readonly isError: boolean; readonly time: number }
  /** Files below `files/` to be sent. */
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | { readonly kind: 'artifact'; readonly artifact: ArtifactInfo; readonly run: RunName }
  | { readonly kind: 'exit'; readonly exitCode: number; readonly runtime: number }
  | { readonly kind: 'final' }
  /** One that other programs write. */
  | { readonly kind: 'other' }

/** Which run. */
export interface RunName {
  readonly id: string
  readonly project: string
  readonly entity?: string | undefined
}

/** The fields of W&B's `Record` that tell its kind. */
export const recordFields = {
  number: 1,
  history: 2,
  summary: 3,
  config: 5,
  files: 6,
  stats: 7,
  artifact: 8,
  output: 13,
  run: 17,
  exit: 18,
  final: 20,
  header: 21,
} as const
