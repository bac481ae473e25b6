import type { OutputStream } from './output-stream.ts'

/**
 * Lets `around` run in place of each `stream.write()` until the returned function is called. It gets the
 * function that really writes, and what is to be written.
 */
export function interceptWrites(
  stream: OutputStream,
  around: (write: () => unknown, chunk: string | Uint8Array) => unknown,
): () => void {
  const original = stream.write
  const isOwn = Object.hasOwn(stream, 'write')
  let active = true
  const intercepted = (...args: [string]): unknown => {
    const write = (): unknown => Reflect.apply(original, stream, args)
    return active ? around(write, args[0]) : write()
  }
  stream.write = intercepted
  return () => {
    active = false
    // Somebody who replaced `write` after us may still call ours; theirs is left in place.
    if (stream.write !== intercepted) return
    if (isOwn) stream.write = original
    else Reflect.deleteProperty(stream, 'write')
  }
}
