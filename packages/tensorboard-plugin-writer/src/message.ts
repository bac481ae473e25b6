import { putVarint } from './varint.ts'

/** The ways in which protobuf lays out a field. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** A protobuf message under construction: fields are written in the order of the calls. Defaults are written, too. */
export class Message {
  #bytes: Uint8Array = new Uint8Array(128)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** The message so far; the next field may change it. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Writes a whole number, a boolean or an enum. */
  int(field: number, value: number | boolean): this {
    this.#key(field, wire.varint)
    this.#length = putVarint(this.#bytes, this.#length, Number(value))
    return this
  }

  double(field: number, value: number): this {
    this.#key(field, wire.fixed64)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
    return this
  }

  float(field: number, value: number): this {
    this.#key(field, wire.fixed32)
    this.#view.setFloat32(this.#length, value, true)
    this.#length += 4
    return this
  }

  bytesField(field: number, value: Uint8Array): this {
    this.#lengthOf(field, value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  string(field: number, value: string): this {
    return this.bytesField(field, Buffer.from(value, 'utf8'))
  }

  message(field: number, value: Message): this {
    return this.bytesField(field, value.bytes)
  }

  /** Writes a packed list of doubles. */
  doubles(field: number, values: ArrayLike<number>): this {
    this.#lengthOf(field, values.length * 8)
    for (let i = 0; i < values.length; i++, this.#length += 8)
      this.#view.setFloat64(this.#length, values[i]!, true)
    return this
  }

  /** Writes a packed list of floats. */
  floats(field: number, values: ArrayLike<number>): this {
    this.#lengthOf(field, values.length * 4)
    for (let i = 0; i < values.length; i++, this.#length += 4)
      this.#view.setFloat32(this.#length, values[i]!, true)
    return this
  }

  #lengthOf(field: number, length: number): void {
    this.#reserve(length)
    this.#key(field, wire.bytes)
    this.#length = putVarint(this.#bytes, this.#length, length)
  }

  #key(field: number, type: number): void {
    this.#reserve(0)
    this.#length = putVarint(this.#bytes, this.#length, field * 8 + type)
  }

  /** Makes room for a key, a number and so many bytes. */
  #reserve(count: number): void {
    const needed = this.#length + count + 20
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}
