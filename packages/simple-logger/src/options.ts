/** Throws an error of this package. */
export function fail(message: string): never {
  throw new Error(`[simple-logger] ${message}`)
}

/** Checks an option that counts something. */
export function wholeNumber(option: string, value: unknown, least: number, most: number = Infinity): void {
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    fail(`\`${option}\` must be a whole number ${range}, not ${String(value)}`)
}
