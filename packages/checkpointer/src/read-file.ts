import { addToChecksum, checksumText } from './checksum.ts'
import { FormatError } from './errors.ts'
import type { FileSystem, OpenFile } from './file-system.ts'
import type { FileRecord } from './write-file.ts'

const chunkSize = 1 << 20

/** While one arrives and the next is on its way, the sum of the one before is taken: two processors have enough to do. */
const readsAtOnce = 2

/** Reads a file from its beginning to its end and takes its checksum meanwhile, if that is wanted: Node reads in its thread pool. */
export class SequentialReader {
  readonly #file: OpenFile
  /** The size of the file, in bytes. */
  readonly size: number
  readonly #isSummed: boolean
  #position = 0
  #sum = 0

  constructor(file: OpenFile, size: number, isSummed: boolean) {
    this.#file = file
    this.size = size
    this.#isSummed = isSummed
  }

  /**
   * Fills arrays with the bytes that come next, one after the other. An array is asked for when the one that is two chunks before it is done with.
   * @throws if the file ends before.
   */
  async readInto(arrays: Iterable<Uint8Array>): Promise<void> {
    const arriving: Promise<Uint8Array>[] = []
    const take = async (): Promise<void> => {
      const chunk = await arriving[0]!
      arriving.shift()
      if (this.#isSummed) this.#sum = addToChecksum(this.#sum, chunk)
    }
    try {
      for (const chunk of chunksOf(arrays)) {
        const read = readAll(this.#file, chunk, this.#position).then(() => chunk)
        // Its error counts when its turn comes.
        read.catch(() => undefined)
        arriving.push(read)
        this.#position += chunk.byteLength
        if (arriving.length === readsAtOnce) await take()
      }
      while (arriving.length > 0) await take()
    } finally {
      // Whoever gets the error may close the file.
      await Promise.allSettled(arriving)
    }
  }

  /** Reads what is left, for its checksum alone. */
  async skipRest(): Promise<void> {
    await this.readInto(this.#scratch())
  }

  *#scratch(): Generator<Uint8Array> {
    const size = Math.min(chunkSize, this.size - this.#position)
    const buffers = Array.from({ length: readsAtOnce }, () => new Uint8Array(size))
    for (let i = 0; this.#position < this.size; i++)
      yield buffers[i % readsAtOnce]!.subarray(0, this.size - this.#position)
  }

  /** Gives the checksum of all that was read. */
  checksum(): string {
    return checksumText(this.#sum)
  }
}

function* chunksOf(arrays: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const array of arrays)
    for (let start = 0; start < array.byteLength; start += chunkSize)
      yield array.subarray(start, start + chunkSize)
}

/** Fills an array from a position in a file. */
export async function readAll(file: OpenFile, into: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.byteLength;) {
    const came = await file.read(done === 0 ? into : into.subarray(done), position + done)
    if (came <= 0) throw new FormatError(`ends after ${position + done} bytes`)
    done += came
  }
}

/** Opens a file that must be one itself, not a link to one, for as long as `use` takes. */
export async function withFile<T>(
  files: FileSystem,
  path: string,
  use: (file: OpenFile, size: number) => Promise<T>,
): Promise<T> {
  const { kind, size } = await files.lstat(path)
  if (kind !== 'file') throw new FormatError(`is a ${kind}, not a file`)
  const file = await files.open(path, 'read')
  try {
    return await use(file, size)
  } finally {
    await file.close()
  }
}

/**
 * Reads a file that must be what its record says; without `verify` only its size counts.
 * @throws if it is not.
 */
export function readChecked<T>(
  files: FileSystem,
  path: string,
  record: FileRecord,
  verify: boolean,
  use: (reader: SequentialReader) => Promise<T>,
): Promise<T> {
  return withFile(files, path, async (file, size) => {
    if (size !== record.size) throw new FormatError(`has ${size} bytes, its manifest says ${record.size}`)
    const reader = new SequentialReader(file, size, verify)
    const result = await use(reader)
    if (verify) {
      await reader.skipRest()
      const found = reader.checksum()
      if (found !== record.crc32) throw new FormatError(`has CRC ${found}, its manifest says ${record.crc32}`)
    }
    return result
  })
}

/** Reads the rest of a file as text in UTF-8. */
export async function readText(reader: SequentialReader): Promise<string> {
  const bytes = new Uint8Array(reader.size)
  await reader.readInto([bytes])
  return decodeText(bytes)
}

/** Decodes UTF-8, and nothing that is not. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new FormatError('is not text in UTF-8')
  }
}
