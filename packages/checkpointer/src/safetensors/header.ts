import { FormatError } from '../errors.ts'
import { decodeText } from '../read-file.ts'
import { parseJson } from '../tree-codec.ts'
import { type Dtype, elementSize, isDtype } from './dtypes.ts'

/** What a file says of a tensor. */
export interface TensorInfo {
  readonly dtype: Dtype
  readonly shape: readonly number[]
}

/** A tensor's place, in bytes from the end of the header. */
export interface TensorEntry extends TensorInfo {
  readonly begin: number
  readonly end: number
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>
  /** In the order of their data. */
  readonly tensors: ReadonlyMap<string, TensorEntry>
}

/** What the format permits. */
export const longestHeader = 100_000_000

export const metadataKey = '__metadata__'

/** Writes the first bytes of a file: the header's length and the header, padded so that the data begin at a multiple of 8 bytes. */
export function encodeHeader(
  tensors: Iterable<readonly [name: string, TensorInfo]>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  let offset = 0
  const entries = Array.from(tensors, ([name, { dtype, shape }]) => {
    const begin = offset
    offset += byteLength({ dtype, shape })
    return [name, { dtype, shape, data_offsets: [begin, offset] }] as const
  })
  const header = Object.fromEntries<unknown>([...(metadata ? [[metadataKey, metadata]] : []), ...entries] as [
    string,
    unknown,
  ][])
  const text = new TextEncoder().encode(JSON.stringify(header))
  const length = Math.ceil(text.length / 8) * 8
  if (length > longestHeader) throw new FormatError(`would have a header of ${length} bytes`)
  const bytes = new Uint8Array(8 + length).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(text, 8)
  return bytes
}

/**
 * Reads the length of a header, in bytes, from the first 8 bytes of a file.
 * @throws if the file has no room for it, or the format does not permit it: nothing is allocated on the word of a file.
 */
export function headerLength(first: Uint8Array, fileSize: number): number {
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true)
  if (length > longestHeader) throw new FormatError(`claims a header of ${length} bytes`)
  if (Number(length) > fileSize - 8)
    throw new FormatError(`claims a header of ${length} bytes, but has ${fileSize} in all`)
  return Number(length)
}

/**
 * Reads a header, and checks all that the format asks for.
 * @param dataSize Bytes in the file after the header.
 */
export function parseHeader(bytes: Uint8Array, dataSize: number): SafetensorsHeader {
  if (bytes[0] !== 0x7b) throw new FormatError('has a header that does not begin with {')
  const text = decodeText(bytes)
  const header = parseJson(text) as Record<string, unknown>
  const twice = repeatedKey(text)
  if (twice !== undefined) throw new FormatError(`has the key "${twice}" twice`)
  const { [metadataKey]: metadata = {}, ...rest } = header
  const isMetadata =
    typeof metadata === 'object' &&
    metadata !== null &&
    !Array.isArray(metadata) &&
    Object.values(metadata).every((value) => typeof value === 'string')
  if (!isMetadata) throw new FormatError(`has a ${metadataKey} that is no table of texts`)
  const entries = Object.entries(rest).map(([name, entry]) => [name, parseEntry(name, entry)] as const)
  const sorted = entries.toSorted(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  let position = 0
  for (const [name, { begin, end }] of sorted) {
    if (begin !== position)
      throw new FormatError(`has ${begin < position ? 'an overlap' : 'a hole'} before tensor "${name}"`)
    position = end
  }
  if (position !== dataSize)
    throw new FormatError(`has ${dataSize} bytes of data, but its tensors take ${position}`)
  return { metadata: metadata as Record<string, string>, tensors: new Map(sorted) }
}

function parseEntry(name: string, entry: unknown): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>
  const bad = (reason: string): never => {
    throw new FormatError(`has a tensor "${name}" ${reason}`)
  }
  if (!isDtype(dtype)) return bad(`of an unknown type, ${JSON.stringify(dtype)}`)
  if (!areSizes(shape)) return bad(`whose shape is ${JSON.stringify(shape)}`)
  if (!areSizes(offsets) || offsets.length !== 2) return bad(`whose place is ${JSON.stringify(offsets)}`)
  const [begin, end] = offsets as [number, number]
  const size = byteLength({ dtype, shape })
  if (end - begin !== size)
    return bad(`of ${end - begin} bytes, but ${dtype} of shape [${shape.join(', ')}] takes ${size}`)
  return { dtype, shape, begin, end }
}

/** Gives the bytes that a tensor takes. */
export function byteLength({ dtype, shape }: TensorInfo): number {
  return shape.reduce((product, length) => {
    const next = product * length
    if (!Number.isSafeInteger(next)) throw new FormatError(`has a tensor of shape [${shape.join(', ')}]`)
    return next
  }, elementSize(dtype))
}

function areSizes(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((size) => Number.isSafeInteger(size) && size >= 0 && !Object.is(size, -0))
  )
}

/** Finds a key that an object in a valid JSON text has twice: `JSON.parse` takes the last one and says nothing. */
function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  let last: string | undefined
  for (const [token] of text.matchAll(/"(?:[^"\\]+|\\.)*"|[{}[\]:,]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      // A colon outside of a text always follows a key.
      const key = JSON.parse(last!) as string
      const keys = open.at(-1)!
      if (keys.has(key)) return key
      keys.add(key)
    } else if (token !== ',') last = token
  }
  return undefined
}
