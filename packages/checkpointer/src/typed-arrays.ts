import type { TypedArray } from '@trainyard/core'

/** The names of the kinds. */
export type ArrayKind =
  | `Float${32 | 64}Array`
  | `Int${8 | 16 | 32}Array`
  | `Uint${8 | 16 | 32}Array`
  | `Big${'Int' | 'Uint'}64Array`
  | 'Uint8ClampedArray'

interface ArrayConstructor {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike): TypedArray
}

const constructors: Readonly<Record<ArrayKind, ArrayConstructor>> = {
  Float64Array,
  Float32Array,
  BigInt64Array,
  BigUint64Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
}

/** Tells what kind of typed array a value is, undefined if none. A `Buffer` is a `Uint8Array`, and so is one of another realm. */
export function arrayKind(value: unknown): ArrayKind | undefined {
  if (!ArrayBuffer.isView(value)) return undefined
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  return kind in constructors ? (kind as ArrayKind) : undefined
}

/** Gives the bytes of an array, without copying. */
export function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Makes an array that is about to be filled: to clear its memory first would take half as long as to read a file into it. */
export function arrayToFill(kind: ArrayKind, length: number): TypedArray {
  const Kind = constructors[kind]
  return new Kind(Buffer.allocUnsafeSlow(length * Kind.BYTES_PER_ELEMENT).buffer)
}
