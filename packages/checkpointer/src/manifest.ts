import { join } from 'node:path'
import { checksumName, checksumOf } from './checksum.ts'
import { DamagedCheckpointError, codeOf, fail, FormatError, messageOf } from './errors.ts'
import type { FileSystem } from './file-system.ts'
import { manifestName } from './folders.ts'
import { decodeText, readAll, withFile } from './read-file.ts'
import type { TensorInfo } from './safetensors/header.ts'
import { noteSaveTime } from './save-time.ts'
import { decodePlain, encodePlain, parseJson } from './tree-codec.ts'
import type { FileRecord } from './write-file.ts'

/** What a checkpoint says of itself. */
export interface Manifest {
  readonly format: typeof formatName
  readonly version: number
  /** The run that wrote it, if it has a name. */
  readonly runId: string | null
  /** When it was saved: ISO 8601, in UTC; later than any that the process had seen by then, even if the clock was set back. */
  readonly savedAt: string
  /** Updates done. */
  readonly step: number
  /** Epochs done. */
  readonly epoch: number
  /** Batches of the epoch done. */
  readonly batch: number
  /** The run's metrics at that step, exactly. */
  readonly scores: Readonly<Record<string, number>>
  /** How the checksums were made. */
  readonly checksum: typeof checksumName
  /** By name: every file but the manifest. */
  readonly files: Readonly<Record<string, FileRecord>>
  /** By file and name. */
  readonly tensors: Readonly<Record<string, Readonly<Record<string, TensorInfo>>>>
}

export const formatName = 'trainyard checkpoint'

export const formatVersion = 1

const largestManifest = 100_000_000

/** Writes a manifest. Its last line is a checksum of all that stands before it. */
export function manifestText(manifest: Manifest): string {
  const lines = JSON.stringify(encodePlain(manifest), null, 2).slice(0, -'\n}'.length)
  // Shapes in one line each. No text in JSON has a line break of its own.
  const body = lines.replaceAll(/\[\n[\d,\s]+\]/g, (shape) => shape.replaceAll(/\s+/g, ' '))
  return `${body},\n  "self": "${checksumOf(body)}"\n}\n`
}

/**
 * Reads what `manifestText` wrote.
 * @throws if a single byte is another one.
 */
export function parseManifest(text: string): Manifest {
  const match = /,\n {2}"self": "([0-9a-f]{8})"\n\}\n$/.exec(text)
  if (!match) throw new FormatError('is not whole')
  const body = text.slice(0, match.index)
  const found = checksumOf(body)
  if (found !== match[1]) throw new FormatError(`has CRC ${found}, but says ${match[1]}`)
  const manifest = decodePlain(parseJson(`${body}\n}`)) as unknown as Manifest
  if (manifest.format !== formatName) throw new FormatError('is not that of a checkpoint')
  if (manifest.version > formatVersion)
    throw new FormatError(
      `is of format version ${manifest.version}, and this program knows none above ${formatVersion}; update @trainyard/checkpointer`,
    )
  if (manifest.checksum !== checksumName)
    throw new FormatError(`has checksums of an unknown kind, ${String(manifest.checksum)}`)
  checkFields(manifest)
  for (const name of Object.keys(manifest.files))
    if (!isPlainName(name))
      throw new FormatError(`names a file "${name}", which is not in the checkpoint's folder`)
  return manifest
}

/** What this package relies on; that it is as it was written, the checksum has told. */
function checkFields(manifest: Manifest): void {
  const { step, epoch, batch, savedAt } = manifest
  for (const [name, value] of Object.entries({ step, epoch, batch }))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new FormatError(`has ${String(value)} as its ${name}`)
  // What is later than the year 9999 has no time after it.
  if (!(Date.parse(savedAt) < Date.parse('9999-12-31')))
    throw new FormatError(`was saved at ${String(savedAt)}, which is no time`)
  const { files, tensors, scores } = manifest
  for (const [name, value] of Object.entries({ files, tensors, scores }))
    if (typeof value !== 'object' || value === null) throw new FormatError(`has no ${name}`)
}

/**
 * Reads the manifest of a checkpoint.
 * @throws a DamagedCheckpointError if it is missing or not as it was written; another error if nothing is at the path.
 */
export async function readManifest(files: FileSystem, path: string): Promise<Manifest> {
  return damageIn(path, manifestName, async () => {
    try {
      return await withFile(files, join(path, manifestName), async (file, size) => {
        if (size > largestManifest) throw new FormatError(`has ${size} bytes`)
        const bytes = new Uint8Array(size)
        await readAll(file, bytes, 0)
        const manifest = parseManifest(decodeText(bytes))
        noteSaveTime(manifest.savedAt)
        return manifest
      })
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error
      const { kind } = await files.lstat(path).catch(() => ({ kind: undefined }))
      if (kind === undefined) return fail(`there is no checkpoint "${path}"`, { cause: error })
      if (kind !== 'folder') return fail(`"${path}" is a ${kind}; a checkpoint is a folder`, { cause: error })
      throw new FormatError('is missing')
    }
  })
}

/** Tells whether a name stays in its folder. */
export function isPlainName(name: string): boolean {
  return /^[^/\\\0]+$/.test(name) && name !== '.' && name !== '..'
}

/** Does something with a file of a checkpoint, and turns what is wrong with the file into a `DamagedCheckpointError`. */
export async function damageIn<T>(path: string, file: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    if (error instanceof FormatError) throw new DamagedCheckpointError(path, file, error.message)
    const code = codeOf(error)
    if (code === 'ENOENT') throw new DamagedCheckpointError(path, file, 'is missing')
    // What a failing disk says.
    if (code === 'EIO')
      throw new DamagedCheckpointError(path, file, `cannot be read: ${messageOf(error)}`, { cause: error })
    throw error
  }
}
