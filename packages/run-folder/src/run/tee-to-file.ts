import { closeSync, openSync, writeSync } from 'node:fs'
import { teeStream } from './tee.ts'

/** Appends what the process prints to a file, too, until the returned function is called. */
export function teeToFile(streams: readonly ('stdout' | 'stderr')[], path: string): () => void {
  const file = openSync(path, 'a')
  const ends = streams.map((name) => teeStream(process[name], (text) => void writeSync(file, text)))
  return () => {
    for (const end of ends.toReversed()) end()
    closeSync(file)
  }
}
