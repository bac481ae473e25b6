import type { ArrayKind } from '../typed-arrays.ts'

/** A type of element in the safetensors format. */
export type Dtype =
  | 'BOOL'
  | 'BF16'
  | `F${16 | 32 | 64}`
  | `F8_${'E4M3' | 'E5M2' | 'E8M0'}`
  | `I${8 | 16 | 32 | 64}`
  | `U${8 | 16 | 32 | 64}`

/** For each type of the format: the size of an element in bytes, and the array that holds it. What JavaScript has no numbers for stays bits. */
const dtypes: Readonly<Record<Dtype, { readonly bytes: number; readonly array: ArrayKind }>> = {
  F64: { bytes: 8, array: 'Float64Array' },
  I64: { bytes: 8, array: 'BigInt64Array' },
  U64: { bytes: 8, array: 'BigUint64Array' },
  F32: { bytes: 4, array: 'Float32Array' },
  I32: { bytes: 4, array: 'Int32Array' },
  U32: { bytes: 4, array: 'Uint32Array' },
  F16: { bytes: 2, array: 'Uint16Array' },
  BF16: { bytes: 2, array: 'Uint16Array' },
  I16: { bytes: 2, array: 'Int16Array' },
  U16: { bytes: 2, array: 'Uint16Array' },
  I8: { bytes: 1, array: 'Int8Array' },
  U8: { bytes: 1, array: 'Uint8Array' },
  BOOL: { bytes: 1, array: 'Uint8Array' },
  F8_E4M3: { bytes: 1, array: 'Uint8Array' },
  F8_E5M2: { bytes: 1, array: 'Uint8Array' },
  F8_E8M0: { bytes: 1, array: 'Uint8Array' },
}

export function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(dtypes, value)
}

/** Gives the size of an element in bytes. */
export function elementSize(dtype: Dtype): number {
  return dtypes[dtype].bytes
}

/** Gives the kind of array that a tensor of the type is read into. */
export function arrayFor(dtype: Dtype): ArrayKind {
  return dtypes[dtype].array
}

const natural: Record<ArrayKind, Dtype> = {
  Float64Array: 'F64',
  Float32Array: 'F32',
  BigInt64Array: 'I64',
  BigUint64Array: 'U64',
  Int32Array: 'I32',
  Uint32Array: 'U32',
  Int16Array: 'I16',
  Uint16Array: 'U16',
  Int8Array: 'I8',
  Uint8Array: 'U8',
  Uint8ClampedArray: 'U8',
}

/** Gives the type that an array is written as, unless told otherwise. */
export function dtypeOf(kind: ArrayKind): Dtype {
  return natural[kind]
}
