/** Throws an error of this package. */
export function fail(message: string, options?: ErrorOptions): never {
  throw new Error(`[run-folder] ${message}`, options)
}

/** Checks an option: throws what it must be unless it is `valid`. */
export function check(valid: unknown, option: string, expected: string, value: unknown): void {
  if (!valid) fail(`\`${option}\` must be ${expected}, not ${String(value)}`)
}

/** Tells what the operating system said: `ENOENT`, `EEXIST`, … */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** Gives the text of whatever was thrown, without this package's name in front. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^\[run-folder\] /, '')
}
