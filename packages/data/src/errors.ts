/** Throws an error of this package. */
export function fail(message: string): never {
  throw new Error(`[data] ${message}`)
}

/** Says what a value is, for a message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') return `${typeof value} ${String(value)}`
  const { constructor } = value as { constructor?: { name?: string } }
  return constructor?.name === undefined || constructor === Object ? 'an object' : constructor.name
}
