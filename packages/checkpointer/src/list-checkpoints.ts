import { join } from 'node:path'
import { codeOf, DamagedCheckpointError } from './errors.ts'
import { type FileKind, type FileSystem, kindAt, nodeFiles } from './file-system.ts'
import { looksLikeCheckpoint, namesIn } from './folders.ts'
import { parseHiddenName } from './hidden-names.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { verifyCheckpoint } from './read-checkpoint.ts'

/** A checkpoint whose manifest is good and whose files have the right sizes; only reading them tells whether they are good, too. */
export interface CompleteCheckpoint {
  readonly status: 'complete'
  readonly path: string
  /** The name that it has, or was to have: an interrupted save may have left it under a hidden one. */
  readonly name: string
  readonly hidden: boolean
  readonly manifest: Manifest
}

export interface DamagedCheckpoint {
  readonly status: 'damaged'
  readonly path: string
  readonly name: string
  readonly hidden: false
  /** The file that is at fault. */
  readonly file: string
  readonly reason: string
  /** Undefined if it is the manifest that is damaged. */
  readonly manifest: Manifest | undefined
}

export type CheckpointEntry = CompleteCheckpoint | DamagedCheckpoint

/**
 * Lists the checkpoints in a folder, from old to new by step, epoch and batch, whatever they are called; those that tell no step come first. What an
 * interrupted save has left is listed only if it is complete and nothing complete has its name; links and other folders are not listed. A folder
 * that is missing holds none.
 */
export async function listCheckpoints(
  folder: string,
  { files = nodeFiles }: { files?: FileSystem | undefined } = {},
): Promise<CheckpointEntry[]> {
  const names = await namesIn(files, folder)
  const entries: CheckpointEntry[] = []
  for (const name of names) {
    if (name.startsWith('.')) continue
    const entry = await inspect(files, join(folder, name), name, false)
    if (entry) entries.push(entry)
  }
  for (const name of names) {
    const hidden = parseHiddenName(name)
    if (hidden?.kind !== 'new' && hidden?.kind !== 'old') continue
    const entry = await inspect(files, join(folder, name), hidden.name, true)
    if (entry?.status === 'complete') entries.push(entry)
  }
  const named = new Set(entries.filter(isVisible).map(({ name }) => name))
  return entries
    .filter((entry) => isVisible(entry) || !entry.hidden || !named.has(entry.name))
    .toSorted(byAge)
}

function isVisible({ status, hidden }: CheckpointEntry): boolean {
  return status === 'complete' && !hidden
}

/** What `latestCheckpoint` found; `damaged` are those that may be newer and had to be passed over. */
export type LatestCheckpoint =
  | {
      readonly status: 'found'
      readonly checkpoint: CompleteCheckpoint
      readonly damaged: readonly DamagedCheckpoint[]
    }
  | { readonly status: 'missing' | 'empty'; readonly damaged: readonly [] }
  | { readonly status: 'damaged'; readonly damaged: readonly DamagedCheckpoint[] }

/** Finds the newest checkpoint of a folder of which every byte is good. Tells a missing folder, an empty one, and one with nothing but damage apart. */
export async function latestCheckpoint(
  folder: string,
  { files = nodeFiles }: { files?: FileSystem | undefined } = {},
): Promise<LatestCheckpoint> {
  const entries = await listCheckpoints(folder, { files })
  if (entries.length === 0)
    return { status: (await kindAt(files, folder)) === undefined ? 'missing' : 'empty', damaged: [] }
  const damaged = entries.filter(
    (entry): entry is DamagedCheckpoint => entry.status === 'damaged' && entry.manifest === undefined,
  )
  for (const entry of entries.toReversed()) {
    if (entry.status === 'damaged') {
      if (entry.manifest) damaged.push(entry)
      continue
    }
    const verdict = await verifyCheckpoint(entry.path, { files })
    if (verdict.ok) return { status: 'found', checkpoint: entry, damaged }
    const { file, reason } = verdict
    damaged.push({ ...entry, status: 'damaged', hidden: false, file, reason })
  }
  return { status: 'damaged', damaged }
}

/** Looks at all that can be seen without reading whole files. */
async function inspect(
  files: FileSystem,
  path: string,
  name: string,
  hidden: boolean,
): Promise<CheckpointEntry | undefined> {
  if ((await kindAt(files, path)) !== 'folder') return undefined
  const found = await look(files, path).catch((error: unknown) => ({ error }))
  // One that another process has deleted meanwhile is no damaged one.
  if (found === undefined || (await kindAt(files, path)) === undefined) return undefined
  if ('error' in found) throw found.error
  const { manifest, damage } = found
  if (damage) return { status: 'damaged', path, name, hidden: false, ...damage, manifest }
  return { status: 'complete', path, name, hidden, manifest }
}

type Look =
  | { readonly manifest: Manifest; readonly damage?: undefined }
  | {
      readonly manifest: Manifest | undefined
      readonly damage: { readonly file: string; readonly reason: string }
    }

/** Gives nothing if the folder is not that of a checkpoint. */
async function look(files: FileSystem, path: string): Promise<Look | undefined> {
  let manifest: Manifest | undefined
  const damage = (file: string, reason: string): Look => ({ manifest, damage: { file, reason } })
  try {
    manifest = await readManifest(files, path)
  } catch (error) {
    if (!(error instanceof DamagedCheckpointError)) throw error
    // Without a manifest it is damaged only if the rest of a checkpoint is there.
    if (error.reason === 'is missing' && !(await looksLikeCheckpoint(files, path))) return undefined
    return damage(error.file, error.reason)
  }
  for (const [file, { size }] of Object.entries(manifest.files)) {
    const found = await statOf(files, join(path, file))
    if (found === undefined) return damage(file, 'is missing')
    if (found.kind !== 'file') return damage(file, `is a ${found.kind}, not a file`)
    if (found.size !== size) return damage(file, `has ${found.size} bytes, its manifest says ${size}`)
  }
  return { manifest }
}

async function statOf(
  files: FileSystem,
  path: string,
): Promise<{ readonly kind: FileKind; readonly size: number } | undefined> {
  try {
    return await files.lstat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function byAge(a: CheckpointEntry, b: CheckpointEntry): number {
  const [first, second] = [a.manifest, b.manifest]
  if (!first || !second) return Number(first !== undefined) - Number(second !== undefined)
  return (
    first.step - second.step ||
    first.epoch - second.epoch ||
    first.batch - second.batch ||
    Date.parse(first.savedAt) - Date.parse(second.savedAt)
  )
}
