import { crc32 } from 'node:zlib'
import type { StateTree, TypedArray } from '@trainyard/core'
import {
  decodeTree,
  encodeTree,
  readSafetensors,
  type Tensor,
  writeSafetensors,
} from '@trainyard/checkpointer'
import { fail } from '../errors.ts'

const format = 'trainyard tree'

/** Writes JSON values and typed arrays to one safetensors file, durably, in place of one of that name; the tree stands in the file's metadata. */
export async function writeTree(path: string, tree: object): Promise<void> {
  const tensors = new Map<string, Tensor>()
  const encoded = encodeTree(tree, (data, keys, shape) => {
    // The first key says "tree" for all of them.
    const wanted = keys.slice(1).join('/') || 'tensor'
    let name = wanted
    for (let n = 2; tensors.has(name) || name === '__metadata__'; n++) name = `${wanted}#${n}`
    tensors.set(name, { shape, data })
    return { $tensor: name, in: '', ...(data instanceof Uint8ClampedArray && { clamped: true }) }
  })
  const text = JSON.stringify(encoded)
  const metadata = { format, tree: text, crc32: checksum(text, tensors) }
  await writeSafetensors(path, tensors, { metadata })
}

/**
 * Reads what `writeTree` wrote.
 * @throws if a byte of it is another one.
 */
export async function readTree(path: string): Promise<StateTree> {
  const { metadata, tensors } = await readSafetensors(path)
  const { tree: text } = metadata
  if (metadata['format'] !== format || text === undefined)
    return fail(`"${path}" was not written by logCheckpoint()`)
  if (checksum(text, tensors) !== metadata['crc32'])
    fail(
      `the checkpoint "${path}" is damaged: its checksum is another one. Load another, or delete it to start anew`,
    )
  return decodeTree(JSON.parse(text), ({ $tensor, clamped }) => {
    const { data } = tensors.get($tensor)!
    return clamped ? new Uint8ClampedArray(data.buffer as ArrayBuffer) : data
  })
}

/** Goes by name, for a file has its tensors in an order of its own. */
function checksum(text: string, tensors: ReadonlyMap<string, { readonly data: TypedArray }>): string {
  let sum = crc32(text)
  for (const name of [...tensors.keys()].toSorted()) {
    const { buffer, byteOffset, byteLength } = tensors.get(name)!.data
    sum = crc32(new Uint8Array(buffer, byteOffset, byteLength), sum)
  }
  return sum.toString(16).padStart(8, '0')
}
