import { fail } from './errors.ts'

/** What YAML and JSON can hold. */
export type PlainValue =
  | null
  | boolean
  | number
  | string
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue }

export interface PlainRecord {
  readonly [key: string]: PlainValue
}

/** How large a tree may be, each part counted as often as it occurs: a few aliases in a YAML file can stand for billions of values. */
const mostValues = 100_000
const longestText = 1 << 20
const deepest = 64

/** Thrown for trees that are too large. */
export class TreeSizeError extends Error {}

/** Throws if a tree has too many values, levels or characters, or contains itself. */
export function checkTreeSize(tree: unknown): void {
  let values = 0
  let characters = 0
  const count = (value: unknown, depth: number): void => {
    if (depth > deepest) throw new TreeSizeError(`has more than ${deepest} levels, or contains itself`)
    if (++values > mostValues) throw new TreeSizeError(`has more than ${mostValues} values`)
    if (typeof value === 'string' && (characters += value.length) > longestText)
      throw new TreeSizeError(`has texts of more than ${longestText} characters`)
    if (typeof value !== 'object' || value === null) return
    for (const item of Array.isArray(value) ? value : Object.values(value)) count(item, depth + 1)
  }
  count(tree, 0)
}

/**
 * Copies a tree, without what is undefined.
 * @throws naming what it is and where, if something in it is not plain.
 */
export function plainCopy(what: string, tree: unknown): PlainValue {
  try {
    checkTreeSize(tree)
  } catch (error) {
    fail(`${what} ${(error as Error).message}`)
  }
  const copy = (value: unknown, path: string): PlainValue => {
    if (value === null || ['boolean', 'number', 'string'].includes(typeof value)) return value as PlainValue
    if (Array.isArray(value)) return value.map((item, i) => copy(item, `${path}[${i}]`))
    const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined
    if (typeof value !== 'object' || (prototype !== null && prototype !== Object.prototype))
      return fail(
        `${what} has ${describe(value)} at "${path}"; it may hold numbers, texts, booleans, null, lists and plain objects`,
      )
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, copy(item, path ? `${path}.${key}` : key)]),
    )
  }
  return copy(tree, '')
}

function describe(value: unknown): string {
  if (typeof value !== 'object') return value === undefined ? 'undefined' : `a ${typeof value}`
  return `a ${Object.prototype.toString.call(value).slice('[object '.length, -1)}`
}

/** Tells a plain object from lists and single values. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Tells whether two plain trees are the same, whatever the order of keys. */
export function sameTree(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => sameTree(item, b[i]))
  if (!isRecord(a) || !isRecord(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameTree(a[key], b[key]))
  )
}
