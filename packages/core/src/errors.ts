/** Throws an error of this package. */
export function fail(message: string, cause?: unknown): never {
  throw new Error(`[core] ${message}`, cause === undefined ? undefined : { cause })
}

/** Makes an `Error` of whatever was thrown. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
}
