import { join } from 'node:path'
import { eventFilesIn } from './event-file-name.ts'
import { EventFileReader } from './event-file-reader.ts'
import type { WriterHost } from './writer-host.ts'

/**
 * Takes the values at a step and later out of a directory's event files, for good: TensorBoard's Rust loader ignores records that ask for it. What is
 * no whole record at the end of a file goes, too; a file that is damaged before its end stays as it is.
 */
export function purgeEvents({ fs, warn }: WriterHost, directory: string, step: number): void {
  for (const name of eventFilesIn(fs, directory)) {
    const path = join(directory, name)
    const kept: { start: number; end: number }[] = []
    try {
      for (const event of new EventFileReader(path, { fs }).read())
        // Not the event itself, which holds on to its part of the file.
        if (event.step < step || event.values.length === 0) kept.push({ start: event.start, end: event.end })
    } catch (error) {
      warn(`${(error as Error).message}; the file stays as it is`)
      continue
    }
    const isPrefix = kept.every(({ start }, i) => start === (kept[i - 1]?.end ?? 0))
    if (isPrefix) {
      fs.truncateSync(path, kept.at(-1)?.end ?? 0)
      continue
    }
    // Later steps stand before earlier ones. A new file takes the place of the old one, under a name that TensorBoard does not look at meanwhile.
    const all = fs.readFileSync(path)
    const temporary = join(directory, name.replaceAll('tfevents', 'purged'))
    fs.writeFileSync(temporary, Buffer.concat(kept.map(({ start, end }) => all.subarray(start, end))))
    fs.renameSync(temporary, path)
  }
}
