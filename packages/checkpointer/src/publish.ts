import { dirname } from 'node:path'
import { type FileSystem, kindAt } from './file-system.ts'
import { removeTree } from './folders.ts'
import { hiddenPath } from './hidden-names.ts'

/**
 * Gives something that is complete and durable under a hidden name its real one, durably. What had the name before is hidden first and deleted last: at
 * any moment one of the two is there.
 * @throws if that fails; then what had the name has it again, as far as the file system still lets us.
 */
export async function publish(
  files: FileSystem,
  hidden: string,
  path: string,
  runId: string | null,
): Promise<void> {
  const [mine, there] = [await kindAt(files, hidden), await kindAt(files, path)]
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
  if (aside) await removeTree(files, aside)
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
