/** One field of a protobuf message. */
export interface Field {
  readonly number: number
  /** A whole number, of a field that is a varint. */
  readonly int: number
  /** What the others hold. */
  readonly bytes: Uint8Array
}

const none = new Uint8Array()

/**
 * Gives the fields of a protobuf message.
 * @yields them in their order.
 * @throws if it is cut off, or no message.
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0
  const varint = (): number => {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = message[at++]!
      low |= (byte & 127) << shift
      if (byte < 128) return low
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = message[at++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) break
    }
    return Number(BigInt.asIntN(64, value))
  }
  const take = (length: number): Uint8Array => message.subarray(at, (at += length))
  while (at < message.length) {
    const key = varint()
    const number = key >>> 3
    const type = key & 7
    if (type === 0) yield { number, int: varint(), bytes: none }
    else if (type === 1) yield { number, int: 0, bytes: take(8) }
    else if (type === 2) yield { number, int: 0, bytes: take(varint()) }
    else if (type === 5) yield { number, int: 0, bytes: take(4) }
    else throw new Error(`no protobuf message: wire type ${type}`)
    if (!(at <= message.length)) throw new Error('no protobuf message: a field is cut off')
  }
}

export function textOf({ bytes }: Field): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

/** Gives one double, or the doubles of a packed list. */
export function doublesOf({ bytes }: Field): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true))
}

/** Gives one float, or the floats of a packed list. */
export function floatsOf({ bytes }: Field): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true))
}

export function doubleOf(field: Field): number {
  return doublesOf(field)[0]!
}

export function floatOf(field: Field): number {
  return floatsOf(field)[0]!
}
