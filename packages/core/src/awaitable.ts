/** A value, or a promise of it: whoever takes one awaits only real promises. */
export type Awaitable<T> = T | PromiseLike<T>

/** Tells a promise from a plain value, so that synchronous work stays synchronous. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
