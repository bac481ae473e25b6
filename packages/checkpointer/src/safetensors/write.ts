import { dirname } from 'node:path'
import { fail, FormatError } from '../errors.ts'
import { type FileSystem, nodeFiles } from '../file-system.ts'
import { makeFolder, removeTree } from '../folders.ts'
import { hiddenPath } from '../hidden-names.ts'
import { publish } from '../publish.ts'
import { writeFile } from '../write-file.ts'
import { safetensorsParts, type Tensor } from './parts.ts'

export interface WriteSafetensorsOptions {
  /** Free text, by key. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly files?: FileSystem | undefined
}

/**
 * Writes tensors to a safetensors file, which is there whole or not at all; one of that name is replaced. Streams: the tensors are not copied.
 * @throws naming the path.
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>> | Iterable<readonly [name: string, Tensor]>,
  { metadata, files = nodeFiles }: WriteSafetensorsOptions = {},
): Promise<void> {
  const parts = partsFor(path, Symbol.iterator in tensors ? tensors : Object.entries(tensors), metadata)
  await makeFolder(files, dirname(path))
  const hidden = hiddenPath(path, 'new', null)
  try {
    await writeFile(files, hidden, parts)
    // One rename puts it in place; there is nothing to delete.
    await publish(files, hidden, path, null, () => undefined)
  } catch (error) {
    await removeTree(files, hidden).catch(() => undefined)
    throw error
  }
}

function partsFor(
  path: string,
  tensors: Iterable<readonly [name: string, Tensor]>,
  metadata: WriteSafetensorsOptions['metadata'],
): Uint8Array[] {
  try {
    return safetensorsParts(tensors, metadata)
  } catch (error) {
    if (error instanceof FormatError) return fail(`cannot write "${path}": ${error.message}`)
    throw error
  }
}
