import { createHash } from 'node:crypto'
import { serialize } from 'node:v8'
import type { StateTree, TypedArray } from '@trainyard/core'

/** Gives the leaves of a state, in the order of its keys, with their paths. */
function leavesOf(tree: StateTree | undefined, path: readonly string[] = []): [string, StateTree][] {
  if (tree === undefined) return []
  if (tree === null || typeof tree !== 'object' || ArrayBuffer.isView(tree)) return [[path.join('/'), tree]]
  return Object.entries(tree).flatMap(([key, value]) => leavesOf(value as StateTree, [...path, key]))
}

/** Gives a line for each typed array, number or text of a state: what it is called, and how large it is or what it says. */
export function describeTree(tree: StateTree): string[] {
  return leavesOf(tree).map(([path, leaf]) => {
    if (!ArrayBuffer.isView(leaf)) return `${path}: ${JSON.stringify(leaf)}`
    const array = leaf as TypedArray
    return `${path}: ${array.constructor.name} of ${array.length}`
  })
}

/** Gives the SHA-256 of a state, every bit of it. */
export function hashTree(tree: StateTree): Uint8Array {
  const hash = createHash('sha256')
  for (const [path, leaf] of leavesOf(tree)) {
    hash.update(path)
    hash.update(ArrayBuffer.isView(leaf) ? bytesOf(leaf) : serialize(leaf))
  }
  return hash.digest()
}

/** Gives the memory of an array as bytes, without a copy. */
function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
