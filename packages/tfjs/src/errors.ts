/** Throws an error of this package. */
export function fail(message: string, cause?: unknown): never {
  throw new Error(`[tfjs] ${message}`, cause === undefined ? undefined : { cause })
}
