import { addToChecksum, checksumText } from './checksum.ts'
import { fail, messageOf } from './errors.ts'
import type { FileSystem, OpenFile } from './file-system.ts'

/** What a manifest keeps of a file. */
export interface FileRecord {
  /** In bytes. */
  readonly size: number
  /** Eight hexadecimal digits. */
  readonly crc32: string
}

/** Large enough for the disk, small enough for the caches that the checksum and the write share. */
const chunkSize = 1 << 20

/**
 * Writes a new file, durably, and takes its checksum meanwhile: Node writes in its thread pool.
 * @throws naming the path, if anything of it fails or a file of that name is there.
 */
export async function writeFile(
  files: FileSystem,
  path: string,
  parts: readonly Uint8Array[],
): Promise<FileRecord> {
  try {
    const file = await files.open(path, 'create')
    try {
      const record = await writeParts(file, parts)
      await file.sync()
      return record
    } finally {
      await file.close()
    }
  } catch (error) {
    return fail(`cannot write "${path}": ${messageOf(error)}`, { cause: error })
  }
}

async function writeParts(file: OpenFile, parts: readonly Uint8Array[]): Promise<FileRecord> {
  let size = 0
  let sum = 0
  for (const chunk of chunks(parts)) {
    const written = writeAll(file, chunk, size)
    sum = addToChecksum(sum, chunk)
    await written
    size += chunk.byteLength
  }
  return { size, crc32: checksumText(sum) }
}

/** Writes all of an array, however often the file system takes only a part. */
export async function writeAll(file: OpenFile, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.byteLength;) {
    const taken = await file.write(done === 0 ? data : data.subarray(done), position + done)
    if (taken <= 0) throw new Error(`the file takes no more than ${position + done} bytes`)
    done += taken
  }
}

/**
 * Cuts large parts, and gathers small ones in a buffer.
 * @yields pieces that are valid until the next one is asked for.
 */
function* chunks(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  const total = parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const gathered = new Uint8Array(Math.min(chunkSize, total))
  let filled = 0
  for (const part of parts) {
    if (filled > 0 && filled + part.byteLength > chunkSize) {
      yield gathered.subarray(0, filled)
      filled = 0
    }
    if (part.byteLength < chunkSize) {
      gathered.set(part, filled)
      filled += part.byteLength
    } else
      for (let start = 0; start < part.byteLength; start += chunkSize)
        yield part.subarray(start, start + chunkSize)
  }
  if (filled > 0) yield gathered.subarray(0, filled)
}
