import { basename, dirname } from 'node:path'
import type { FileSystem } from './file-system.ts'
import { putLink } from './link-last.ts'
import type { Manifest } from './manifest.ts'
import type { PreparedCheckpoint } from './prepare-checkpoint.ts'
import { type NotDeleted, tryToRemove } from './remove-checkpoint.ts'
import { writePrepared } from './write-checkpoint.ts'

/** All that a save does once the state has been copied. */
export interface PreparedSave {
  readonly path: string
  readonly prepared: PreparedCheckpoint
  readonly link: string | undefined
  readonly remove: readonly string[]
}

/** A save that is durable. */
export interface PerformedSave {
  readonly manifest: Manifest
  /** What it replaces and could not delete. */
  readonly notDeleted: readonly NotDeleted[]
}

/** Writes a checkpoint, lets the link lead to it, and only then deletes what it replaces: one after the other, each of them durable. */
export async function performSave(
  files: FileSystem,
  { path, prepared, link, remove }: PreparedSave,
): Promise<PerformedSave> {
  const notDeleted: NotDeleted[] = []
  const note = (left: NotDeleted): void => void notDeleted.push(left)
  const manifest = await writePrepared(files, path, prepared, note)
  if (link !== undefined) await putLink(files, dirname(path), basename(path), link, manifest.runId, note)
  for (const old of remove) await tryToRemove(files, old, note)
  return { manifest, notDeleted }
}
