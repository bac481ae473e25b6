/** Throws an error of this package. */
export function fail(message: string, options?: ErrorOptions): never {
  throw new Error(`[checkpointer] ${message}`, options)
}

/** What is wrong with the contents of a file; whoever knows the file's path says so. */
export class FormatError extends Error {}

/** Thrown when a checkpoint is there, but not as it was written. Nothing deletes it; another one has to be loaded. */
export class DamagedCheckpointError extends Error {
  /** The checkpoint's folder. */
  readonly path: string
  /** The file in it that is at fault. */
  readonly file: string
  readonly reason: string

  constructor(path: string, file: string, reason: string, options?: ErrorOptions) {
    super(
      `[checkpointer] checkpoint "${path}" is damaged: ${file} ${reason}. Load another one; nothing deletes this one`,
      options,
    )
    this.name = 'DamagedCheckpointError'
    this.path = path
    this.file = file
    this.reason = reason
  }
}

/** Tells what the operating system said: `ENOENT`, `ENOSPC`, … */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** Gives the text of whatever was thrown, without this package's name in front. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^\[checkpointer\] /, '')
}
