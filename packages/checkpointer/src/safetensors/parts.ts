import type { TypedArray } from '@trainyard/core'
import { FormatError } from '../errors.ts'
import { arrayKind, bytesOf } from '../typed-arrays.ts'
import { arrayFor, type Dtype, dtypeOf, elementSize, isDtype } from './dtypes.ts'
import { byteLength, encodeHeader, metadataKey, type TensorInfo } from './header.ts'

/** A tensor to be written. */
export interface Tensor {
  /** Default: what the array is. `F16` and `BF16` are bits in a `Uint16Array`, `BOOL` and `F8_…` in a `Uint8Array`. */
  readonly dtype?: Dtype | undefined
  readonly shape: readonly number[]
  readonly data: TypedArray
}

/**
 * Gives the bytes of a safetensors file, in pieces, without copying. Large elements come first, so that each tensor begins at a multiple of its
 * element's size.
 */
export function safetensorsParts(
  tensors: Iterable<readonly [name: string, Tensor]>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array[] {
  const checked = Array.from(tensors, ([name, tensor]) => [name, infoOf(name, tensor), tensor.data] as const)
  const sorted = checked.toSorted(([, a], [, b]) => elementSize(b.dtype) - elementSize(a.dtype))
  const header = encodeHeader(
    sorted.map(([name, info]) => [name, info]),
    metadata,
  )
  return [header, ...sorted.map(([, , data]) => bytesOf(data))]
}

function infoOf(name: string, { dtype, shape, data }: Tensor): TensorInfo {
  const bad = (reason: string): never => {
    throw new FormatError(`tensor "${name}" ${reason}`)
  }
  if (name === metadataKey) bad('has a name that the format keeps for itself')
  const kind = arrayKind(data) ?? bad('has no typed array as its `data`')
  const type = dtype ?? dtypeOf(kind)
  if (!isDtype(type)) bad(`has an unknown \`dtype\`, ${String(type)}`)
  if (arrayFor(type) !== kind && dtypeOf(kind) !== type) bad(`is ${type}, but its \`data\` are a ${kind}`)
  const info = { dtype: type, shape: [...shape] }
  if (byteLength(info) !== data.byteLength)
    bad(`has ${data.length} numbers, which is not shape [${shape.join(', ')}]`)
  return info
}
