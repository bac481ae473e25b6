import type { HostTensor, TypedArray } from '@trainyard/core'
import { fail } from './errors.ts'

/** The classes of typed arrays, by the name that each array carries. */
interface Classes {
  Float32Array: Float32Array<ArrayBuffer>
  Float64Array: Float64Array<ArrayBuffer>
  Int8Array: Int8Array<ArrayBuffer>
  Int16Array: Int16Array<ArrayBuffer>
  Int32Array: Int32Array<ArrayBuffer>
  Uint8Array: Uint8Array<ArrayBuffer>
  Uint8ClampedArray: Uint8ClampedArray<ArrayBuffer>
  Uint16Array: Uint16Array<ArrayBuffer>
  Uint32Array: Uint32Array<ArrayBuffer>
  BigInt64Array: BigInt64Array<ArrayBuffer>
  BigUint64Array: BigUint64Array<ArrayBuffer>
}

/**
 * A new array of the same class, with a buffer of its own. A Node `Buffer` counts as the `Uint8Array` that it
 * is.
 */
export type SameClass<A extends TypedArray> = Classes[A[typeof Symbol.toStringTag]]

/** A host tensor of which the class of the array is known. */
export interface TypedTensor<A extends TypedArray = TypedArray> extends HostTensor {
  readonly data: A
}

const constructors: { readonly [Name in keyof Classes]: new (length: number) => Classes[Name] } = {
  Float32Array,
  Float64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  Uint8Array,
  Uint8ClampedArray,
  Uint16Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
}

/** Makes an array of zeros of the same class as another. */
export function allocate<A extends TypedArray>(like: A, length: number): SameClass<A> {
  // By name and not by `like.constructor`, which for a Buffer is deprecated and may be the class of another
  // realm.
  return new constructors[like[Symbol.toStringTag]](length) as SameClass<A>
}

export function isTypedArray(value: unknown): value is TypedArray {
  return (
    ArrayBuffer.isView(value) && Object.hasOwn(constructors, (value as TypedArray)[Symbol.toStringTag] ?? '')
  )
}

/**
 * Tells whether something has the parts of a host tensor; whether they fit each other is another question.
 */
export function isHostTensor(value: unknown): value is HostTensor {
  if (typeof value !== 'object' || value === null) return false
  const { data, shape } = value as Partial<HostTensor>
  return isTypedArray(data) && Array.isArray(shape)
}

/** Counts the values that a shape has room for. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Checks that a tensor's shape is one, and that its values fill it. */
export function checkShape(what: string, { data, shape }: HostTensor): void {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    fail(`${what} must have a shape of whole numbers, not [${shape.join(', ')}]`)
  if (data.length !== sizeOf(shape))
    fail(`${what} has ${data.length} values, but its shape [${shape.join(', ')}] needs ${sizeOf(shape)}`)
}
