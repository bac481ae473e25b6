/** Ends a command with a message; `exitCode` 2 is for a command line that makes no sense. */
export class CommandError extends Error {
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}

/** Ends a command that cannot be done. */
export function fail(message: string, options?: ErrorOptions): never {
  throw new CommandError(message, 1, options)
}

/** Ends a command that was given wrongly. */
export function failUsage(message: string): never {
  throw new CommandError(message, 2)
}

/** Gives the text of whatever was thrown, without the name of a package in front. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^\[[\w-]+\] /, '')
}
