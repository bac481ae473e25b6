import { basename, join } from 'node:path'
import { type FileSystem, kindAt, nodeFiles } from './file-system.ts'
import { namesIn } from './folders.ts'
import { type HiddenName, ownerOf, parseHiddenName } from './hidden-names.ts'
import { listCheckpoints } from './list-checkpoints.ts'
import { fateOf } from './process-mark.ts'
import { noteTo, tryToRemove } from './remove-checkpoint.ts'

export interface SweepOptions {
  /** The run whose unfinished saves are swept, whoever has left them. */
  readonly runId?: string | undefined
  readonly files?: FileSystem | undefined
  /** Gets what could not be deleted, which does no harm. Default: `console.warn`. */
  readonly warn?: ((line: string) => void) | undefined
}

/**
 * Clears up what interrupted saves have left, those of this run and those of any other whose process is known to be dead: a complete checkpoint of this run
 * gets the name that it was to have, unless a complete one has it; everything else that is hidden is deleted. What another process is writing, as far as
 * one can know, is left alone. Call it before the run's first save.
 */
export async function sweepUnfinished(
  folder: string,
  { runId, files = nodeFiles, warn = console.warn }: SweepOptions = {},
): Promise<void> {
  const owner = ownerOf(runId ?? null)
  const isOurs = (hidden: HiddenName | undefined): boolean =>
    hidden?.owner === owner && fateOf(hidden.process) !== 'alive'
  for (const entry of (await listCheckpoints(folder, { files })).toReversed()) {
    const path = join(folder, entry.name)
    if (!entry.hidden || !isOurs(parseHiddenName(basename(entry.path)))) continue
    // A damaged one in its place stays where it is; then this one stays hidden, where loading finds it.
    if ((await kindAt(files, path)) !== undefined) continue
    await files.rename(entry.path, path)
    await files.syncFolder(folder)
  }
  const spared = new Set((await listCheckpoints(folder, { files })).map(({ path }) => path))
  for (const name of await namesIn(files, folder)) {
    const hidden = parseHiddenName(name)
    const path = join(folder, name)
    if (!hidden || spared.has(path)) continue
    const fate = fateOf(hidden.process)
    // What somebody was about to delete, anybody may; but not while that one is at it.
    const isLeft = isOurs(hidden) || fate === 'dead' || (hidden.kind === 'gone' && fate !== 'alive')
    if (isLeft) await tryToRemove(files, path, noteTo(warn))
  }
}
