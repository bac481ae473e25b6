/** Throws an error of this package. */
export function fail(message: string, options?: ErrorOptions): never {
  throw new Error(`[wandb] ${message}`, options)
}

/** Gives the message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
