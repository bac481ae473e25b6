import { dirname, join } from 'node:path'
import { codeOf } from './errors.ts'
import { type FileSystem, kindAt } from './file-system.ts'

export const modelName = 'model.safetensors'
export const optimizerName = 'optimizer.safetensors'
export const trainerName = 'trainer.json'

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
    // Another process may have made it meanwhile.
    return makeFolder(files, path)
  }
  await files.syncFolder(dirname(path))
}

/**
 * Deletes whatever stands at a path, following no link; of a folder, the manifest first, so that a part of a checkpoint never looks like one. What
 * somebody else deletes at the same time is gone just as well.
 */
export async function removeTree(files: FileSystem, path: string): Promise<void> {
  const kind = await kindAt(files, path)
  if (kind === undefined) return
  try {
    if (kind !== 'folder') return await files.unlink(path)
    const names = await files.readdir(path)
    for (const name of names.toSorted((a, b) => Number(b === manifestName) - Number(a === manifestName)))
      await removeTree(files, join(path, name))
    await files.rmdir(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

/** Gives what is in a folder; nothing if it is missing. */
export async function namesIn(files: FileSystem, path: string): Promise<readonly string[]> {
  try {
    return (await files.readdir(path)).toSorted()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Tells whether a folder has a checkpoint, or what is left of one. */
export async function looksLikeCheckpoint(files: FileSystem, path: string): Promise<boolean> {
  const names = await namesIn(files, path)
  return [modelName, optimizerName, trainerName, manifestName].some((name) => names.includes(name))
}
