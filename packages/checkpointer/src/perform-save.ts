import { basename, dirname } from 'node:path'
import type { FileSystem } from './file-system.ts'
import { linkLast } from './link-last.ts'
import type { Manifest } from './manifest.ts'
import type { PreparedCheckpoint } from './prepare-checkpoint.ts'
import { removeCheckpoint } from './remove-checkpoint.ts'
import { writePrepared } from './write-checkpoint.ts'

/** All that a save does once the state has been copied. */
export interface PreparedSave {
  readonly path: string
  readonly prepared: PreparedCheckpoint
  readonly link: string | undefined
  readonly remove: readonly string[]
}

/** Writes a checkpoint, lets the link lead to it, and only then deletes what it replaces: one after the other, each of them durable. */
export async function performSave(
  files: FileSystem,
  { path, prepared, link, remove }: PreparedSave,
): Promise<Manifest> {
  const manifest = await writePrepared(files, path, prepared)
  if (link !== undefined) await linkLast(dirname(path), basename(path), { link, files })
  for (const old of remove) await removeCheckpoint(old, { files })
  return manifest
}
