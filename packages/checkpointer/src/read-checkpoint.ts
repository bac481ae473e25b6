import type { Checkpoint, StateTree, TypedArray } from '@trainyard/core'
import { dirname, join } from 'node:path'
import { DamagedCheckpointError, fail, FormatError } from './errors.ts'
import { type FileSystem, kindAt, nodeFiles } from './file-system.ts'
import { trainerName } from './folders.ts'
import { damageIn, isPlainName, type Manifest, readManifest } from './manifest.ts'
import { readChecked, readText, type SequentialReader } from './read-file.ts'
import { readTensors } from './safetensors/read.ts'
import { decodeTree, parseJson, type TensorPlace } from './tree-codec.ts'
import { bytesOf } from './typed-arrays.ts'

export interface ReadCheckpointOptions {
  /** Whether to compare every file with its checksum, while it is read. Default: true. */
  readonly verify?: boolean | undefined
  readonly files?: FileSystem | undefined
}

export interface LoadedCheckpoint {
  readonly checkpoint: Checkpoint
  /** What was given as `info.context`. */
  readonly context: StateTree | undefined
  readonly manifest: Manifest
}

/**
 * Reads a checkpoint, exactly as it was given to `writeCheckpoint`. The path may be that of a link to one beside it, such as `last`. No code of the
 * checkpoint runs, and no file costs more memory than its size.
 * @throws a DamagedCheckpointError if any byte of it is another one than was written.
 */
export async function readCheckpoint(
  path: string,
  { verify = true, files = nodeFiles }: ReadCheckpointOptions = {},
): Promise<LoadedCheckpoint> {
  const folder = await folderOf(files, path)
  const manifest = await readManifest(files, folder)
  const read = <T>(name: string, use: (reader: SequentialReader) => Promise<T>): Promise<T> =>
    damageIn(folder, name, () => readChecked(files, join(folder, name), manifest.files[name]!, verify, use))
  const tensors = new Map<string, Map<string, TypedArray>>()
  for (const name of Object.keys(manifest.files))
    if (name.endsWith('.safetensors')) tensors.set(name, await read(name, readTensors))
  if (!manifest.files[trainerName])
    throw new DamagedCheckpointError(folder, trainerName, 'is missing in the manifest')
  const text = await read(trainerName, readText)
  const take = ({ $tensor: name, in: file, clamped }: TensorPlace): TypedArray => {
    const array = tensors.get(file)?.get(name)
    if (!array) throw new FormatError(`refers to a tensor "${name}" that ${file} does not have`)
    return clamped ? new Uint8ClampedArray(bytesOf(array).buffer) : array
  }
  const { checkpoint, context } = await damageIn(
    folder,
    trainerName,
    async () => decodeTree(parseJson(text), take) as { checkpoint: Checkpoint; context?: StateTree },
  )
  return { checkpoint, context, manifest }
}

/** What `verifyCheckpoint` found. */
export type Verdict =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly file: string; readonly reason: string }

/**
 * Compares every byte of a checkpoint with what was written, in two buffers of fixed size.
 * @throws if nothing is at the path, or something that is no damage, such as a missing permission, keeps it from being read.
 */
export async function verifyCheckpoint(
  path: string,
  { files = nodeFiles }: { files?: FileSystem | undefined } = {},
): Promise<Verdict> {
  try {
    const folder = await folderOf(files, path)
    const manifest = await readManifest(files, folder)
    for (const [name, record] of Object.entries(manifest.files))
      await damageIn(folder, name, () =>
        readChecked(files, join(folder, name), record, true, (reader) => reader.skipRest()),
      )
    return { ok: true, manifest }
  } catch (error) {
    if (error instanceof DamagedCheckpointError) return { ok: false, file: error.file, reason: error.reason }
    throw error
  }
}

/** Follows a link to a checkpoint beside it, and none that leaves the folder. */
async function folderOf(files: FileSystem, path: string): Promise<string> {
  if ((await kindAt(files, path)) !== 'link') return path
  const target = await files.readlink(path)
  if (!isPlainName(target))
    fail(
      `"${path}" is a link to "${target}", which is not in the same folder; give the path of the checkpoint itself`,
    )
  const folder = join(dirname(path), target)
  if ((await kindAt(files, folder)) === 'link') fail(`"${path}" is a link to a link`)
  return folder
}
