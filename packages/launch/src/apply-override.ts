import type { PlainRecord, PlainValue } from '@trainyard/run-folder'
import { fail } from './errors.ts'
import type { Override } from './override.ts'
import { similar } from './similar.ts'

type MutableRecord = Record<string, PlainValue>

/**
 * Changes a copy of a tree as an override asks.
 * @param what The tree's name in messages.
 * @throws if what it sets is not there, or what it adds is.
 */
export function applyOverride(
  what: string,
  tree: PlainRecord,
  { kind, path, text }: Override,
  value?: PlainValue,
): PlainRecord {
  const copy = structuredClone(tree) as MutableRecord
  let parent = copy
  for (const [i, key] of path.slice(0, -1).entries()) {
    if (!Object.hasOwn(parent, key)) {
      if (kind === 'set' || kind === 'drop') fail(unknownKey(what, tree, path, text))
      put(parent, key, {})
    }
    const next = parent[key]
    if (!isRecord(next))
      return fail(`"${text}": "${path.slice(0, i + 1).join('.')}" of ${what} has nothing below it`)
    parent = next as MutableRecord
  }
  const key = path.at(-1)!
  const isThere = Object.hasOwn(parent, key)
  const name = path.join('.')
  if (!isThere && (kind === 'set' || kind === 'drop')) fail(unknownKey(what, tree, path, text))
  if (isThere && kind === 'add') fail(`"${text}": ${what} has "${name}" already; use ${name}=… to change it`)
  if (kind === 'drop') {
    delete parent[key]
    return copy
  }
  if (isThere && isRecord(parent[key]) && !isRecord(value))
    fail(`"${text}": "${name}" of ${what} is a group; set one of ${keysOf(parent[key], name).join(', ')}`)
  put(parent, key, value!)
  return copy
}

function unknownKey(what: string, tree: PlainRecord, path: readonly string[], text: string): string {
  const name = path.join('.')
  const meant = similar(name, keysOf(tree))
  return `"${text}": ${what} has no "${name}"${meant ? `; did you mean "${meant}"?` : ''} To add it, use +${name}=…`
}

/** Gives the names of all values and groups in a tree. */
function keysOf(tree: PlainValue | undefined, prefix = ''): string[] {
  if (!isRecord(tree)) return []
  return Object.entries(tree).flatMap(([key, value]) => {
    const name = prefix ? `${prefix}.${key}` : key
    return [name, ...keysOf(value, name)]
  })
}

/** Also where the key is `__proto__`. */
function put(record: MutableRecord, key: string, value: PlainValue): void {
  Object.defineProperty(record, key, { value, configurable: true, enumerable: true, writable: true })
}

function isRecord(value: unknown): value is PlainRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
