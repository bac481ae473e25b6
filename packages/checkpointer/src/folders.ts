import { dirname, join } from 'node:path'
import { codeOf } from './errors.ts'
import { type FileSystem, kindAt } from './file-system.ts'

/** The file of a checkpoint without which it is none: written last, deleted first. */
export const manifestName = 'manifest.json'

/** Makes a folder and those above it, durably, unless they are there. */
export async function makeFolder(files: FileSystem, path: string): Promise<void> {
  try {
    await files.mkdir(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(files, dirname(path))
    await files.mkdir(path)
  }
  await files.syncFolder(dirname(path))
}

/** Deletes whatever stands at a path, following no link; of a folder, the manifest first, so that a part of a checkpoint never looks like one. */
export async function removeTree(files: FileSystem, path: string): Promise<void> {
  const kind = await kindAt(files, path)
  if (kind === undefined) return
  if (kind !== 'folder') return files.unlink(path)
  const names = await files.readdir(path)
  for (const name of names.toSorted((a, b) => Number(b === manifestName) - Number(a === manifestName)))
    await removeTree(files, join(path, name))
  await files.rmdir(path)
}
