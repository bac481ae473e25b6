import { addToChecksum, checksumText } from './checksum.ts'
import { FormatError } from './errors.ts'
import type { FileSystem, OpenFile } from './file-system.ts'
import type { FileRecord } from './write-file.ts'

const chunkSize = 1 << 20

/** Reads a file from its beginning to its end and takes its checksum, if that is wanted: of one chunk while Node's thread pool reads the next. */
export class SequentialReader {
  readonly #file: OpenFile
  /** The size of the file, in bytes. */
  readonly size: number
  readonly #isSummed: boolean
  #position = 0
  #sum = 0
  #unsummed: Uint8Array = new Uint8Array(0)

  constructor(file: OpenFile, size: number, isSummed: boolean) {
    this.#file = file
    this.size = size
    this.#isSummed = isSummed
  }

  /**
   * Fills an array with the bytes that come next. It must stay as it is until the next call.
   * @throws if the file ends before.
   */
  async readInto(into: Uint8Array): Promise<void> {
    for (let start = 0; start < into.byteLength; start += chunkSize) {
      const chunk = into.subarray(start, start + chunkSize)
      const filled = readAll(this.#file, chunk, this.#position)
      if (this.#isSummed) this.#sum = addToChecksum(this.#sum, this.#unsummed)
      this.#unsummed = chunk
      await filled
      this.#position += chunk.byteLength
    }
  }

  /** Reads what is left, for its checksum alone. */
  async skipRest(): Promise<void> {
    const size = Math.min(chunkSize, this.size - this.#position)
    let [buffer, other] = [new Uint8Array(size), new Uint8Array(size)]
    while (this.#position < this.size) {
      await this.readInto(buffer.subarray(0, this.size - this.#position))
      ;[buffer, other] = [other, buffer]
    }
  }

  /** Gives the checksum of all that was read. */
  checksum(): string {
    this.#sum = addToChecksum(this.#sum, this.#unsummed)
    this.#unsummed = new Uint8Array(0)
    return checksumText(this.#sum)
  }
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
  await reader.readInto(bytes)
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
