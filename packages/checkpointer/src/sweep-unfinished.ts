import { join } from 'node:path'
import { codeOf } from './errors.ts'
import { type FileSystem, kindAt, nodeFiles } from './file-system.ts'
import { removeTree } from './folders.ts'
import { ownerOf, parseHiddenName } from './hidden-names.ts'
import { listCheckpoints } from './list-checkpoints.ts'
import { removeCheckpoint } from './remove-checkpoint.ts'

export interface SweepOptions {
  /** The run whose unfinished saves are swept. What another one is writing at this moment is left alone. */
  readonly runId?: string | undefined
  readonly files?: FileSystem | undefined
}

/**
 * Clears up what saves of this run have left that were interrupted: a complete checkpoint gets the name that it was to have, unless a complete one has
 * it; everything else that is hidden and this run's is deleted, and so is what anybody was about to delete. Call it before the run's first save.
 */
export async function sweepUnfinished(
  folder: string,
  { runId, files = nodeFiles }: SweepOptions = {},
): Promise<void> {
  const owner = ownerOf(runId ?? null)
  const isOurs = (path: string): boolean => parseHiddenName(path.slice(folder.length + 1))?.owner === owner
  for (const entry of (await listCheckpoints(folder, { files })).toReversed()) {
    const path = join(folder, entry.name)
    // A damaged one in its place stays where it is; then this one stays hidden, where loading finds it.
    if (!entry.hidden || !isOurs(entry.path) || (await kindAt(files, path)) !== undefined) continue
    await files.rename(entry.path, path)
    await files.syncFolder(folder)
  }
  const spared = new Set((await listCheckpoints(folder, { files })).map(({ path }) => path))
  const names = await files.readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  for (const name of names) {
    const hidden = parseHiddenName(name)
    const path = join(folder, name)
    if (!hidden || spared.has(path)) continue
    if (hidden.kind === 'gone' || hidden.kind === 'link') await removeTree(files, path)
    else if (hidden.owner === owner) await removeCheckpoint(path, { files })
  }
}
