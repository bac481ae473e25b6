import type { StateTree, TypedArray } from '@trainyard/core'
import { fail, FormatError } from './errors.ts'
import { arrayKind } from './typed-arrays.ts'

// JSON, with two things that it lacks: `{"$number":"NaN"}` for numbers that it cannot write, and `{"$tensor":…}` for typed arrays, which stand in
// another file. So that no state can look like one of these, a key of the state that begins with `$` gets another `$` in front.

/** Where a typed array went: the words of its place in `{"$tensor":…}`. */
export interface TensorPlace {
  readonly $tensor: string
  /** The file that has it. */
  readonly in: string
  /** A `Uint8ClampedArray`, which is a `Uint8Array` in every file. */
  readonly clamped?: true
}

/** Puts a typed array somewhere; `path` are the keys that lead to it, `shape` is that of the record which it is the `data` of. */
export type PlaceTensor = (
  array: TypedArray,
  path: readonly string[],
  shape: readonly number[],
) => TensorPlace

const deepest = 500

/**
 * Makes JSON of a tree.
 * @throws if something in it is neither JSON nor a typed array, naming where.
 */
export function encodeTree(tree: unknown, place: PlaceTensor, path: readonly string[] = []): unknown {
  if (tree === null || typeof tree === 'string' || typeof tree === 'boolean') return tree
  if (typeof tree === 'number')
    return Number.isFinite(tree) && !Object.is(tree, -0)
      ? tree
      : { $number: Object.is(tree, -0) ? '-0' : String(tree) }
  if (path.length > deepest)
    fail(`a state may have ${deepest} levels; this one has more, or it contains itself`)
  if (arrayKind(tree)) return place(tree as TypedArray, path, [(tree as TypedArray).length])
  if (Array.isArray(tree)) return Array.from(tree, (item, i) => encodeTree(item, place, [...path, String(i)]))
  if (Object.prototype.toString.call(tree) !== '[object Object]')
    fail(
      `the state at "${path.join('.')}" is ${what(tree)}; a state holds numbers, strings, booleans, null, typed arrays, lists and plain objects`,
    )
  const record = tree as Readonly<Record<string, unknown>>
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const shape = key === 'data' ? shapeOf(record) : undefined
      const encoded = shape
        ? place(value as TypedArray, path, shape)
        : encodeTree(value, place, [...path, key])
      return [key.startsWith('$') ? `$${key}` : key, encoded]
    }),
  )
}

/** Gives the shape of a record `{ shape, data }`, if it is one whose numbers agree. */
function shapeOf({ shape, data }: Readonly<Record<string, unknown>>): readonly number[] | undefined {
  if (!arrayKind(data) || !Array.isArray(shape)) return undefined
  const isShape = shape.every((length) => Number.isSafeInteger(length) && length >= 0)
  const size = shape.reduce((product: number, length) => product * (length as number), 1)
  return isShape && size === (data as TypedArray).length ? (shape as number[]) : undefined
}

function what(value: unknown): string {
  if (typeof value === 'object') return Object.prototype.toString.call(value).slice('[object '.length, -1)
  return value === undefined ? 'undefined' : `a ${typeof value}`
}

/** Makes the tree again; `take` gives back what was placed. */
export function decodeTree(json: unknown, take: (place: TensorPlace) => TypedArray): StateTree {
  if (typeof json !== 'object' || json === null) return json as StateTree
  if (Array.isArray(json)) return json.map((item) => decodeTree(item, take))
  if ('$number' in json) return Number(json.$number)
  if ('$tensor' in json) return take(json as TensorPlace)
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key.startsWith('$') ? key.slice(1) : key,
      decodeTree(value, take),
    ]),
  )
}

/** Makes JSON of a tree that must not have typed arrays. */
export function encodePlain(tree: unknown): unknown {
  return encodeTree(tree, (_, path) => fail(`"${path.join('.')}" must not be a typed array`))
}

/** Makes a tree of JSON without typed arrays. */
export function decodePlain(json: unknown): StateTree {
  return decodeTree(json, ({ $tensor }) => {
    throw new FormatError(`refers to a tensor "${$tensor}"`)
  })
}

/** Parses JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FormatError('is not JSON')
  }
}
