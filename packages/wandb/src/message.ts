import { putVarint, varintLength } from './varint.ts'

/** The ways in which protobuf lays out a field; W&B's messages have no others. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** The keys of the fields of a JSON text: 1 and 16, both of bytes. */
const jsonItemFields = { key: [0x0a], json: [0x82, 0x01] } as const

/** A protobuf message under construction: fields are written in the order of the calls. */
export class Message {
  // No Buffer: parts of one are made twice as slowly.
  #bytes = new Uint8Array(128)
  #buffer = Buffer.from(this.#bytes.buffer)
  #length = 0

  /** The message so far; the next field may change it. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Empties it, to be used again. */
  clear(): this {
    this.#length = 0
    return this
  }

  /** Writes a whole number from 0, or a boolean. */
  int(field: number, value: number | boolean): this {
    this.#reserve(0)
    this.#length = putVarint(this.#bytes, this.#length, field * 8 + wire.varint)
    this.#length = putVarint(this.#bytes, this.#length, Number(value))
    return this
  }

  bytesField(field: number, value: Uint8Array): this {
    this.#open(field, value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  /** Writes a text; nothing if it is undefined. */
  string(field: number, value: string | undefined): this {
    if (value === undefined) return this
    const length = Buffer.byteLength(value)
    this.#open(field, length)
    this.#length += this.#buffer.write(value, this.#length, length, 'utf8')
    return this
  }

  /** Writes a message of a text in field 1 and one in field 16: a JSON text and its name. Rows consist of them. */
  jsonItem(field: number, key: string, json: string): this {
    const length = lengthOf(key) + lengthOf(json) + 1
    this.#open(field, length)
    const start = this.#length
    const end = this.#ascii(this.#ascii(start, jsonItemFields.key, key), jsonItemFields.json, json)
    if (end >= 0) {
      this.#length = end
      return this
    }
    // It has other characters than ASCII, and thus another length.
    this.#length = start - varintLength(length) - varintLength(field * 8 + wire.bytes)
    return this.message(field, new Message().string(1, key).string(16, json))
  }

  message(field: number, value: Message): this {
    return this.bytesField(field, value.bytes)
  }

  /** Writes a text at an offset if it is ASCII, and gives the offset behind it; -1 if it is not, or the offset is. A call of the engine's encoder costs more. */
  #ascii(offset: number, key: readonly number[], text: string): number {
    if (offset < 0) return -1
    const bytes = this.#bytes
    let at = offset
    for (const byte of key) bytes[at++] = byte
    at = putVarint(bytes, at, text.length)
    if (text.length > 64) {
      const written = this.#buffer.write(text, at, 'utf8')
      return written === text.length ? at + written : -1
    }
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) return -1
      bytes[at++] = code
    }
    return at
  }

  #open(field: number, length: number): void {
    this.#reserve(length)
    this.#length = putVarint(this.#bytes, this.#length, field * 8 + wire.bytes)
    this.#length = putVarint(this.#bytes, this.#length, length)
  }

  /** Makes room for a key, a number and so many bytes. */
  #reserve(count: number): void {
    const needed = this.#length + count + 20
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    grown.set(this.bytes)
    this.#bytes = grown
    this.#buffer = Buffer.from(grown.buffer)
  }
}

/** Gives the bytes of a text of ASCII as a field with a key of one byte. */
function lengthOf(text: string): number {
  return 1 + varintLength(text.length) + text.length
}
