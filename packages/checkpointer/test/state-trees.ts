import type { StateTree, TypedArray } from '@trainyard/core'
import * as fc from 'fast-check'

const kinds = [
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
]

/** Any bits at all, so also NaNs of every kind; views that begin in the middle of their buffer, and empty ones. */
const typedArray: fc.Arbitrary<TypedArray> = fc
  .tuple(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 64 }), fc.nat(2))
  .map(([Kind, bytes, skipped]) => {
    const length = Math.floor(bytes.length / Kind.BYTES_PER_ELEMENT)
    const array = new Kind(skipped + length).subarray(skipped)
    new Uint8Array(array.buffer, array.byteOffset).set(bytes.subarray(0, length * Kind.BYTES_PER_ELEMENT))
    return array
  })

const key = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '__proto__',
    '$tensor',
    '$number',
    '$',
    '$$',
    '',
    'constructor',
    'shape',
    'data',
    '0',
    '__metadata__',
    'a/b',
  ),
)

const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, NaN, Infinity, -Infinity, 2 ** 53))

/** Any state: whatever JSON can hold and what it cannot, typed arrays, and records of a shape and its data. */
export const stateTree: fc.Arbitrary<StateTree> = fc.letrec<{ tree: StateTree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    number,
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    typedArray,
    typedArray.map((data) => ({ shape: [data.length, 1], data })),
    typedArray.map((data) => ({ shape: [7, data.length], data })),
    fc.array(tie('tree'), { maxLength: 5 }),
    fc
      .array(fc.tuple(key, tie('tree')), { maxLength: 6 })
      .map((entries) => Object.fromEntries(entries) as StateTree),
  ),
})).tree

/** Writes a tree as text that is equal only for trees that are equal in every bit. */
export function exactText(tree: unknown): string {
  if (typeof tree === 'number') return Object.is(tree, -0) ? '-0' : String(tree)
  if (ArrayBuffer.isView(tree)) {
    const bytes = Buffer.from(tree.buffer, tree.byteOffset, tree.byteLength)
    return `${tree.constructor.name} ${bytes.toString('hex')}`
  }
  if (Array.isArray(tree)) return `[${tree.map(exactText).join(', ')}]`
  if (typeof tree !== 'object' || tree === null) return JSON.stringify(tree)
  const entries = Object.entries(tree).map(([name, value]) => `${JSON.stringify(name)}: ${exactText(value)}`)
  return `{${entries.toSorted().join(', ')}}`
}
