import { wire } from './message.ts'

/** Is given a field: its number if it is one, and where its bytes are if it is a text or a message. */
export type Visit = (field: number, value: number, from: number, to: number) => void

/**
 * Reads the fields of a message, in their order; those whose kind W&B does not use are passed over.
 * @param from Where the message begins in the bytes. @param to Where it ends.
 * @throws RangeError if it ends too soon.
 */
export function readFields(bytes: Buffer, from: number, to: number, visit: Visit): void {
  let at = from
  const varint = (): number => {
    let byte = bytes[at++]!
    let value = byte & 127
    for (let factor = 128; byte > 127; factor *= 128) {
      if (at >= to) throw new RangeError('a message ends within a number')
      byte = bytes[at++]!
      value += (byte & 127) * factor
    }
    return value
  }
  while (at < to) {
    const key = varint()
    const field = Math.floor(key / 8)
    const type = key % 8
    if (type === wire.varint) visit(field, varint(), 0, 0)
    else if (type === wire.bytes) {
      const length = varint()
      if (at + length > to) throw new RangeError('a field is longer than its message')
      visit(field, 0, at, at + length)
      at += length
    } else if (type === wire.fixed64) at += 8
    else if (type === wire.fixed32) at += 4
    else throw new RangeError(`unknown kind of field: ${type}`)
  }
}

/** A message, to be asked for its fields; for those that come seldom. */
export class MessageReader {
  readonly #bytes: Buffer
  readonly #from: number
  readonly #to: number

  constructor(bytes: Buffer, from = 0, to: number = bytes.length) {
    this.#bytes = bytes
    this.#from = from
    this.#to = to
  }

  /** Reads a field of JSON texts by name. */
  fields(field: number): Map<string, string> {
    const found = new Map<string, string>()
    const bytes = this.#bytes
    let key = ''
    let json = 'null'
    const takeItem: Visit = (part, _, from, to) => {
      if (part === 1) key = bytes.toString('utf8', from, to)
      // The official client writes keys that are paths part by part.
      else if (part === 2) key += (key && '.') + bytes.toString('utf8', from, to)
      else if (part === 16) json = bytes.toString('utf8', from, to)
    }
    readFields(bytes, this.#from, this.#to, (number, _, from, to) => {
      if (number !== field) return
      key = ''
      readFields(bytes, from, to, takeItem)
      found.set(key, json)
    })
    return found
  }

  number(field: number): number {
    let found = 0
    this.#each(field, (value) => (found = value))
    return found
  }

  text(field: number): string | undefined {
    return this.texts(field).at(-1)
  }

  texts(field: number): string[] {
    const found: string[] = []
    this.#each(field, (_, from, to) => found.push(this.#bytes.toString('utf8', from, to)))
    return found
  }

  messages(field: number): MessageReader[] {
    const found: MessageReader[] = []
    this.#each(field, (_, from, to) => found.push(new MessageReader(this.#bytes, from, to)))
    return found
  }

  /** Gives a message within; an empty one if it is not there. */
  message(field: number): MessageReader {
    return this.messages(field).at(-1) ?? new MessageReader(this.#bytes, 0, 0)
  }

  /** Gives seconds since 1970. */
  time(field: number): number {
    const moment = this.message(field)
    return moment.number(1) + moment.number(2) / 1e9
  }

  #each(field: number, visit: (value: number, from: number, to: number) => void): void {
    readFields(this.#bytes, this.#from, this.#to, (number, value, from, to) => {
      if (number === field) visit(value, from, to)
    })
  }
}
