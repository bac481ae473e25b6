import { constants, lstatSync, readdirSync, realpathSync, type Stats } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'

/** Tells whether a path, both of them without links, is a folder or in it. */
function isWithin(folder: string, path: string): boolean {
  // Both are without `..`, so this holds for nearly all of them, and is soon told.
  if (path.startsWith(folder) && path[folder.length] === sep) return true
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/**
 * Opens a file that is in a folder, and no link out of it; undefined if there is none, or it is anything else, such as a device or a pipe.
 * @param path As somebody asks for it.
 */
export async function openWithin(
  folder: string,
  path: string,
): Promise<{ file: FileHandle; stats: Stats } | undefined> {
  if (path.includes('\0')) return undefined
  try {
    const [root, real] = await Promise.all([realpath(folder), realpath(join(folder, path))])
    if (!isWithin(root, real)) return undefined
    // Nobody can put a link, or a pipe that waits for a writer, there meanwhile.
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stats = await file.stat()
    if (stats.isFile()) return { file, stats }
    await file.close()
    return undefined
  } catch {
    return undefined
  }
}

/** Gives the first of some folders that is elsewhere than in a root, or the first link in one of them that leads out of it. */
export function findEscape(root: string, folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    try {
      // A folder that is no link is where it says.
      if (lstatSync(folder).isSymbolicLink() && !leadsInside(root, folder)) return folder
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (!entry.isSymbolicLink()) continue
        const path = join(folder, entry.name)
        if (!leadsInside(root, path)) return path
      }
    } catch {
      // Missing, or not readable; the Reader says so.
    }
  }
  return undefined
}

/** Tells whether a path leads to a folder or into it, or nowhere. */
export function leadsInside(root: string, path: string): boolean {
  try {
    return isWithin(root, realpathSync.native(path))
  } catch {
    return true
  }
}
