import type { Checkpoint } from '@trainyard/core'
import { basename, dirname, join } from 'node:path'
import { fail, messageOf } from './errors.ts'
import { type FileSystem, nodeFiles } from './file-system.ts'
import { makeFolder, manifestName, removeTree } from './folders.ts'
import { hiddenPath } from './hidden-names.ts'
import { type Manifest, manifestText } from './manifest.ts'
import { type CheckpointInfo, prepareCheckpoint, type PreparedCheckpoint } from './prepare-checkpoint.ts'
import { publish } from './publish.ts'
import { type Note, noteTo } from './remove-checkpoint.ts'
import { type FileRecord, writeFile } from './write-file.ts'

export interface WriteCheckpointOptions {
  readonly info?: CheckpointInfo | undefined
  readonly files?: FileSystem | undefined
  /** Gets what went wrong but does no harm: what was replaced could not be deleted. Default: `console.warn`. */
  readonly warn?: ((line: string) => void) | undefined
}

/**
 * Writes a checkpoint, durably: when the promise resolves, it survives a power loss. It is a folder that is there whole or not at all; one of that name
 * is replaced, and deleted only then. The arrays in it must not change meanwhile.
 * @throws naming the path; what was there before is left as it was.
 */
export async function writeCheckpoint(
  path: string,
  checkpoint: Checkpoint,
  { info, files = nodeFiles, warn = console.warn }: WriteCheckpointOptions = {},
): Promise<Manifest> {
  return writePrepared(files, path, prepareCheckpoint(checkpoint, info), noteTo(warn))
}

/** Writes a checkpoint that has been taken apart. */
export async function writePrepared(
  files: FileSystem,
  path: string,
  prepared: PreparedCheckpoint,
  note: Note,
): Promise<Manifest> {
  checkPath(path)
  const { runId } = prepared.manifest
  const hidden = hiddenPath(path, 'new', runId)
  try {
    await makeFolder(files, dirname(path))
    await files.mkdir(hidden)
    const records: Record<string, FileRecord> = {}
    for (const { name, parts } of prepared.files)
      records[name] = await writeFile(files, join(hidden, name), parts)
    const manifest: Manifest = { ...prepared.manifest, files: records }
    await writeFile(files, join(hidden, manifestName), [new TextEncoder().encode(manifestText(manifest))])
    await files.syncFolder(hidden)
    await publish(files, hidden, path, runId, note)
    return manifest
  } catch (error) {
    // What is left of it would only take room; a disk that fails here, too, leaves it to sweepUnfinished().
    await removeTree(files, hidden).catch(() => undefined)
    return fail(`checkpoint "${path}" could not be saved: ${messageOf(error)}`, { cause: error })
  }
}

/** Listings leave hidden names out. */
export function checkPath(path: string): void {
  if (!/^[^.]/.test(basename(path)))
    fail(`a checkpoint's name must not be empty or begin with a dot, as in "${path}"`)
}
