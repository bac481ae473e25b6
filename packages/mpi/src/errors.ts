/** Throws an error of this package. */
export function fail(message: string, options?: ErrorOptions): never {
  throw new Error(`[mpi] ${message}`, options)
}
