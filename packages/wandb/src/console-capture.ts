/** What is captured: `process.stdout` and `process.stderr`. */
export type ConsoleStream = Pick<NodeJS.WriteStream, 'write'>

/** Tells `listener` all that is written to a stream, until the returned function is called. */
export function captureWrites(stream: ConsoleStream, listener: (text: string) => void): () => void {
  const original = stream.write
  const isOwn = Object.hasOwn(stream, 'write')
  let isActive = true
  const captured = (...args: Parameters<typeof original>): boolean => {
    const [chunk] = args
    if (isActive) listener(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())
    return Reflect.apply(original, stream, args) as boolean
  }
  stream.write = captured as typeof original
  return () => {
    isActive = false
    // Somebody who replaced `write` after us may still call ours; theirs is left in place.
    if (stream.write !== captured) return
    if (isOwn) stream.write = original
    else Reflect.deleteProperty(stream, 'write')
  }
}
