import { basename, join } from 'node:path'
import { isOfRun } from './event-file-name.ts'
import type { WriterHost } from './writer-host.ts'

/**
 * Cuts a run's files to the sizes that they had at a checkpoint, and deletes files with the run's name that were made after it. Files of others stay.
 * @param sizes By path in the directory.
 */
export function cutFiles(
  { fs, warn }: WriterHost,
  directory: string,
  run: string,
  sizes: ReadonlyMap<string, number>,
): void {
  for (const [path, size] of sizes) {
    const found = fs.statSync(join(directory, path), { throwIfNoEntry: false })?.size
    if (found === undefined || found < size)
      warn(
        `[tensorboard-plugin-writer] ${join(directory, path)} ${found === undefined ? 'is not there' : `has ${found} bytes`}, but the checkpoint knows ${size} bytes of it: the curves of this run have a gap`,
      )
    else if (found > size) fs.truncateSync(join(directory, path), size)
  }
  if (!fs.statSync(directory, { throwIfNoEntry: false })) return
  for (const path of fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }))
    if (isOfRun(basename(path), run) && !sizes.has(path.replaceAll('\\', '/')))
      fs.rmSync(join(directory, path))
}
