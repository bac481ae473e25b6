import { dirname } from 'node:path'
import { codeOf, fail, messageOf } from './errors.ts'
import { type FileSystem, nodeFiles } from './file-system.ts'
import { removeTree } from './folders.ts'
import { hiddenPath } from './hidden-names.ts'

/**
 * Deletes a checkpoint: it loses its name, durably, before it loses a file, so that none is ever seen in part. One that is gone already is no error.
 * @throws naming the path.
 */
export async function removeCheckpoint(
  path: string,
  { files = nodeFiles }: { files?: FileSystem | undefined } = {},
): Promise<void> {
  const gone = hiddenPath(path, 'gone', null)
  try {
    await files.rename(path, gone)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    fail(`checkpoint "${path}" could not be deleted: ${messageOf(error)}`, { cause: error })
  }
  try {
    await files.syncFolder(dirname(path))
    await removeTree(files, gone)
  } catch (error) {
    fail(`checkpoint "${path}" could not be deleted: ${messageOf(error)}; what is left is "${gone}"`, {
      cause: error,
    })
  }
}
