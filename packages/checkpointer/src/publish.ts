import { dirname } from 'node:path'
import { fail, messageOf } from './errors.ts'
import { type FileKind, type FileSystem, kindAt } from './file-system.ts'
import { looksLikeCheckpoint, namesIn, removeTree } from './folders.ts'
import { hiddenPath } from './hidden-names.ts'
import { notDeleted, type Note } from './remove-checkpoint.ts'

/**
 * Gives something that is complete and durable under a hidden name its real one, durably. What had the name before is hidden first and deleted last: at
 * any moment one of the two is there.
 * @throws if that fails, or would destroy what is no checkpoint; then what had the name has it again, as far as the file system still lets us.
 */
export async function publish(
  files: FileSystem,
  hidden: string,
  path: string,
  runId: string | null,
  note: Note,
): Promise<void> {
  const [mine, there] = [await kindAt(files, hidden), await kindAt(files, path)]
  await checkReplaceable(files, path, there, mine)
  // One rename replaces a file or a link by another, but never a folder.
  const inPlace = there !== undefined && there !== 'folder' && mine !== 'folder'
  const aside = there === undefined || inPlace ? undefined : hiddenPath(path, 'old', runId)
  if (aside) await files.rename(path, aside)
  try {
    await files.rename(hidden, path)
    await files.syncFolder(dirname(path))
  } catch (error) {
    // What was replaced in place cannot come back. The first error counts; what the way back meets is only its consequence.
    if (!inPlace) await withdraw(files, hidden, path, aside).catch(() => undefined)
    throw error
  }
  if (!aside) return
  await removeTree(files, aside).catch((error: unknown) =>
    note(notDeleted(aside, `what "${path}" has replaced could not be deleted: ${messageOf(error)}`)),
  )
}

/** A path that was mistyped must not cost anybody a folder: only like is replaced by like. */
async function checkReplaceable(
  files: FileSystem,
  path: string,
  there: FileKind | undefined,
  mine: FileKind | undefined,
): Promise<void> {
  if (there === undefined || there === 'link') return
  const isAlike =
    mine === 'file'
      ? there === 'file'
      : there === 'folder' &&
        ((await looksLikeCheckpoint(files, path)) || (await namesIn(files, path)).length === 0)
  if (!isAlike) fail(`"${path}" is a ${there} that would be lost; choose another name, or move it away`)
}

async function withdraw(
  files: FileSystem,
  hidden: string,
  path: string,
  aside: string | undefined,
): Promise<void> {
  if ((await kindAt(files, hidden)) === undefined) await files.rename(path, hidden)
  if (aside) await files.rename(aside, path)
}
