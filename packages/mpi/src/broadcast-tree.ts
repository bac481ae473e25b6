import type { StateTree, Strategy, TypedArray } from '@trainyard/core'
import { bytesOf } from './state-trees.ts'

const arrays = {
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

/** What stands for an array in the text; its numbers follow. */
const mark = '\u0000array '

/** Gives every rank the state of rank zero: its JSON with a mark in the place of each array, then the arrays, one after the other. */
export async function broadcastTree(strategy: Strategy, tree: StateTree | object): Promise<StateTree> {
  const isSource = !strategy.globalRank
  const own: { kind: keyof typeof arrays; array: TypedArray }[] = []
  const replaceArrays = (_key: string, value: unknown): unknown => {
    if (!ArrayBuffer.isView(value)) return value
    own.push({ kind: value.constructor.name as keyof typeof arrays, array: value as TypedArray })
    return mark + (own.length - 1)
  }
  const text = JSON.stringify(tree, replaceArrays)
  const head = JSON.stringify({ text, kinds: own.map(({ kind }) => kind) })
  const told = await strategy.broadcast(new TextEncoder().encode(isSource ? head : ''))
  const { text: toldText, kinds } = JSON.parse(new TextDecoder().decode(told)) as {
    text: string
    kinds: (keyof typeof arrays)[]
  }
  const received: TypedArray[] = []
  for (const [i, kind] of kinds.entries()) {
    const bytes = await strategy.broadcast(isSource ? bytesOf(own[i]!.array) : new Uint8Array())
    const Kind = arrays[kind]
    received.push(isSource ? own[i]!.array : new Kind(alignedBuffer(bytes)))
  }
  return JSON.parse(toldText, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? received[Number(value.slice(mark.length))] : value,
  ) as StateTree
}

/** Gives a buffer that begins with the bytes; a copy unless it is theirs alone. */
function alignedBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes
  return byteOffset === 0 && byteLength === buffer.byteLength ? (buffer as ArrayBuffer) : bytes.slice().buffer
}
