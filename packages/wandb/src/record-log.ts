import { crc32 } from 'node:zlib'

/**
 * The file format of W&B's `.wandb` files: seven bytes that name it, then records in the framing of LevelDB's log. A record is cut into chunks so that none
 * crosses a border of 32 KiB; a chunk has a CRC-32 of its kind and data (4 bytes), a length (2), a kind (1), and the data. Unlike LevelDB's, the CRC is the
 * plain one of zlib.
 */
export const blockSize = 32_768
export const chunkHeader = 7
export const chunkKinds = { full: 1, first: 2, middle: 3, last: 4 } as const

/** What a file starts with: a name, a magic number, a version. It counts as a part of the first block. */
export const fileHeader: Buffer = Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0])

const kindCrcs = [0, 1, 2, 3, 4].map((kind) => crc32(Uint8Array.of(kind)))

/** Gives the checksum of a chunk. */
export function chunkCrc(kind: number, data: Uint8Array): number {
  return crc32(data, kindCrcs[kind])
}

/** Records that wait to be written, in frames. */
export class RecordBuffer {
  #bytes = Buffer.allocUnsafe(1 << 16)
  /** How many bytes it holds. */
  length = 0
  /** Where its first byte will stand in the file. */
  start: number

  constructor(start: number) {
    this.start = start
  }

  /** Where the next record will stand in the file, but for padding. */
  get end(): number {
    return this.start + this.length
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }

  append(record: Uint8Array): void {
    // A record of n bytes takes a header a block, and some padding.
    const blocks = Math.ceil(record.length / (blockSize - chunkHeader)) + 1
    this.#reserve(record.length + (blocks + 1) * chunkHeader)
    let offset = 0
    let isFirst = true
    do {
      // Empty where the room is that of a header.
      const data = record.subarray(offset, offset + this.#room() - chunkHeader)
      offset += data.length
      const isLast = offset === record.length
      if (isFirst) this.#chunk(isLast ? chunkKinds.full : chunkKinds.first, data)
      else this.#chunk(isLast ? chunkKinds.last : chunkKinds.middle, data)
      isFirst = false
    } while (offset < record.length)
  }

  /** Empties it: what it held is in the file up to `end`, or is to be forgotten. */
  restart(end: number): void {
    this.start = end
    this.length = 0
  }

  /** Gives the bytes left in the block, enough for a header and some data; pads a block that has fewer. */
  #room(): number {
    const room = blockSize - (this.end % blockSize)
    if (room >= chunkHeader) return room
    this.#bytes.fill(0, this.length, this.length + room)
    this.length += room
    return blockSize
  }

  #chunk(kind: number, data: Uint8Array): void {
    const at = this.length
    this.#bytes.writeUInt32LE(chunkCrc(kind, data), at)
    this.#bytes.writeUInt16LE(data.length, at + 4)
    this.#bytes[at + 6] = kind
    this.#bytes.set(data, at + chunkHeader)
    this.length = at + chunkHeader + data.length
  }

  #reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    grown.set(this.bytes)
    this.#bytes = grown
  }
}
