import { type FileHandle, open } from 'node:fs/promises'
import { fail } from './errors.ts'
import { blockSize, chunkCrc, chunkHeader, chunkKinds, fileHeader } from './record-log.ts'

/** A record of a file, and the offset behind it. */
export interface StoredRecord {
  readonly data: Buffer
  readonly end: number
}

/** Reads the records of a `.wandb` file, some at a time; the file may grow meanwhile. */
export class RecordLogReader {
  readonly #handle: FileHandle
  #next: number = fileHeader.length
  #chunkSize = 1 << 18

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** @throws if there is no such file, or if it is of another kind. */
  static async open(file: string): Promise<RecordLogReader> {
    const handle = await open(file, 'r')
    const header = Buffer.alloc(fileHeader.length)
    await handle.read(header, 0, header.length, 0)
    if (header.equals(fileHeader)) return new RecordLogReader(handle)
    await handle.close()
    return fail(`${file} is not a file of W&B: it does not start as one`)
  }

  /** The offset up to which records have been read. */
  get position(): number {
    return this.#next
  }

  /** Gives the size of the file. */
  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  /**
   * Gives the next records, about 256 KiB of them; none at the end, or where the file is torn or damaged.
   * @param limit The offset up to which the file counts.
   */
  async read(limit: number): Promise<StoredRecord[]> {
    for (;;) {
      const start = this.#next
      const wanted = Math.min(this.#chunkSize, limit - start)
      if (wanted <= 0) return []
      const buffer = Buffer.allocUnsafe(wanted)
      const { bytesRead } = await this.#handle.read(buffer, 0, wanted, start)
      const records = recordsIn(buffer.subarray(0, bytesRead), start)
      const last = records.at(-1)
      if (last) {
        this.#next = last.end
        return records
      }
      if (bytesRead < this.#chunkSize) return []
      // One record is longer than all that was read.
      this.#chunkSize *= 2
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

/** Gives the whole records in a part of a file, up to the first that is damaged or not complete. */
function recordsIn(bytes: Buffer, start: number): StoredRecord[] {
  const records: StoredRecord[] = []
  let parts: Buffer[] = []
  let at = 0
  for (;;) {
    const room = blockSize - ((start + at) % blockSize)
    if (room < chunkHeader) at += room
    if (at + chunkHeader > bytes.length) return records
    const kind = bytes[at + 6]!
    const from = at + chunkHeader
    const to = from + bytes.readUInt16LE(at + 4)
    const isStart = kind === chunkKinds.full || kind === chunkKinds.first
    if (to > bytes.length || kind < 1 || kind > 4 || isStart !== (parts.length === 0)) return records
    const data = bytes.subarray(from, to)
    if (chunkCrc(kind, data) !== bytes.readUInt32LE(at)) return records
    at = to
    parts.push(data)
    if (kind !== chunkKinds.full && kind !== chunkKinds.last) continue
    records.push({ data: parts.length === 1 ? data : Buffer.concat(parts), end: start + at })
    parts = []
  }
}
