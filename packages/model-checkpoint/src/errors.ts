/** Throws an error of this package. */
export function fail(message: string, options?: ErrorOptions): never {
  throw new Error(`[model-checkpoint] ${message}`, options)
}

/** Checks an option: throws what it must be unless it is `valid`. */
export function check(valid: unknown, option: string, expected: string, value: unknown): void {
  if (!valid) fail(`\`${option}\` must be ${expected}, not ${String(value)}`)
}

/** Checks an option that counts something. */
export function wholeNumber(option: string, value: number, least: number): void {
  check(Number.isSafeInteger(value) && value >= least, option, `a whole number of at least ${least}`, value)
}
