import { basename, dirname, join } from 'node:path'
import { codeOf, fail, messageOf } from './errors.ts'
import { type FileSystem, nodeFiles } from './file-system.ts'
import { removeTree } from './folders.ts'
import { hiddenPath, parseHiddenName } from './hidden-names.ts'

/** Something that could not be deleted. It does no harm, but takes room. */
export interface NotDeleted {
  /** What is left; `removeCheckpoint(path)` tries again. */
  readonly path: string
  /** What went wrong, and what to do. */
  readonly message: string
}

/** Told of what could not be deleted, which is no reason to end a run. */
export type Note = (left: NotDeleted) => void

/**
 * Deletes a checkpoint: it loses its name, durably, before it loses a file, so that none is ever seen in part. One that is gone already is no error.
 * @throws naming the path.
 */
export async function removeCheckpoint(
  path: string,
  { files = nodeFiles }: { files?: FileSystem | undefined } = {},
): Promise<void> {
  const failed = await remove(files, path)
  if (failed) fail(`${failed.message}; what is left is "${failed.path}"`, { cause: failed.cause })
}

/** Deletes a checkpoint, or notes that it could not. */
export async function tryToRemove(files: FileSystem, path: string, note: Note): Promise<void> {
  const failed = await remove(files, path)
  if (failed) note(notDeleted(failed.path, failed.message))
}

/** Makes a note for users: what could not be deleted, and what that means. */
export function notDeleted(path: string, message: string): NotDeleted {
  const advice = `nothing is lost, and it is tried again; if "${path}" stays, look at its permissions, or delete it yourself`
  return { path, message: `${message}; ${advice}` }
}

/** Gives notes to whoever takes lines. */
export function noteTo(warn: (line: string) => void): Note {
  return ({ message }) => warn(`[checkpointer] ${message}`)
}

interface FailedRemoval extends NotDeleted {
  readonly cause: unknown
}

async function remove(files: FileSystem, path: string): Promise<FailedRemoval | undefined> {
  const hidden = parseHiddenName(basename(path))
  // An earlier try may have come so far.
  const isGone = hidden?.kind === 'gone'
  const gone = isGone ? path : hiddenPath(join(dirname(path), hidden?.name ?? basename(path)), 'gone', null)
  let left = path
  try {
    if (!isGone) await files.rename(path, gone)
    left = gone
    await files.syncFolder(dirname(path))
    await removeTree(files, gone)
    return undefined
  } catch (error) {
    if (!isGone && left === path && codeOf(error) === 'ENOENT') return undefined
    const message = `checkpoint "${path}" could not be deleted: ${messageOf(error)}`
    return { path: left, message, cause: error }
  }
}
