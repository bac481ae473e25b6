import { stripVTControlCharacters } from 'node:util'

/** Where a program prints: `process.stdout`, or anything with a `write`. */
export interface PrintStream {
  write(chunk: string | Uint8Array, ...rest: never[]): unknown
}

/**
 * Hands what is printed to a stream to a function, too, as lines that a file can hold: without colours, and of a line that is drawn over and over only
 * its last state. Gives a function that ends it.
 */
export function teeStream(stream: PrintStream, take: (text: string) => void): () => void {
  const decoder = new TextDecoder()
  const original = stream.write
  const isOwn = Object.hasOwn(stream, 'write')
  let active = true
  let rest = ''
  const takeLines = (text: string): void => {
    const lines = (rest + text).split('\n')
    rest = lastDrawn(lines.pop()!)
    if (lines.length > 0) take(lines.map((line) => `${stripVTControlCharacters(lastDrawn(line))}\n`).join(''))
  }
  const tee = (chunk: string | Uint8Array, ...others: never[]): unknown => {
    if (active)
      try {
        takeLines(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
      } catch {
        // A full disk must not keep the program from printing.
      }
    return Reflect.apply(original, stream, [chunk, ...others])
  }
  stream.write = tee
  return () => {
    if (rest !== '') takeLines('\n')
    active = false
    // Somebody who replaced `write` after us may still call ours; theirs is left in place.
    if (stream.write !== tee) return
    if (isOwn) stream.write = original
    else Reflect.deleteProperty(stream, 'write')
  }
}

/** What a terminal shows of a line with carriage returns in it. */
function lastDrawn(line: string): string {
  const end = line.endsWith('\r') ? line.length - 1 : line.length
  return line.slice(line.lastIndexOf('\r', end - 1) + 1)
}
