/** Throws an error of this package. */
export function fail(message: string): never {
  throw new Error(`[tensorboard] ${message}`)
}

/** Checks an option that counts something. */
export function wholeNumber(option: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    fail(`\`${option}\` must be a whole number of at least ${least}, not ${String(value)}`)
}

/** Checks an option that is a list. */
export function list(option: string, value: unknown): void {
  if (!Array.isArray(value)) fail(`\`${option}\` must be a list of names or tensor references`)
}
