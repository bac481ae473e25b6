import { basename, dirname, join, sep } from 'node:path'
import type { EventFile } from './event-file.ts'
import type { FileSystem } from './writer-host.ts'

interface Entry {
  readonly file: EventFile
  users: number
}

/** The open files of this process, by directory: Python's loader leaves a file for good once the directory has a later one. */
const open = new Map<string, Entry>()

/** Gives the open file of a directory, or the one that `make` makes; each call has to be matched by a `releaseFile`. */
export function acquireFile(fs: FileSystem, directory: string, make: () => EventFile): EventFile {
  const key = realDirectory(fs, directory)
  const entry = open.get(key) ?? { file: make(), users: 0 }
  if (open.size === 0) process.on('exit', flushAll)
  entry.users++
  open.set(key, entry)
  return entry.file
}

/** Closes a file when its last user lets go of it; before that, only flushes it. */
export function releaseFile(file: EventFile): void {
  const [key, entry] = entryOf(file)
  if (entry && --entry.users > 0) return file.flush()
  remove(key)
  file.close()
}

/** Closes the files in a directory, whoever uses them, and forgets what is not written yet. Other writers go on in new ones. */
export function abandonFiles(fs: FileSystem, directory: string): void {
  const root = realDirectory(fs, directory)
  for (const [key, { file }] of open)
    if (key === root || key.startsWith(root + sep)) {
      remove(key)
      file.close(true)
    }
}

function entryOf(file: EventFile): [key?: string, entry?: Entry] {
  return [...open].find(([, { file: other }]) => other === file) ?? []
}

function remove(key: string | undefined): void {
  if (key !== undefined) open.delete(key)
  if (open.size === 0) process.off('exit', flushAll)
}

function flushAll(): void {
  for (const { file } of open.values()) file.flushAtExit()
}

/** Follows links; the last parts of the path may not exist yet. */
function realDirectory(fs: FileSystem, directory: string): string {
  try {
    return fs.realpathSync(directory)
  } catch {
    const parent = dirname(directory)
    return parent === directory ? directory : join(realDirectory(fs, parent), basename(directory))
  }
}
