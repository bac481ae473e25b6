import type { TypedArray } from '@trainyard/core'
import { dirname, resolve } from 'node:path'
import { fail, FormatError } from '../errors.ts'
import { type FileSystem, nodeFiles } from '../file-system.ts'
import { readAll, type SequentialReader } from '../read-file.ts'
import { arrayToFill, bytesOf } from '../typed-arrays.ts'
import { arrayFor } from './dtypes.ts'
import {
  headerLength,
  parseHeader,
  type SafetensorsHeader,
  type TensorEntry,
  type TensorInfo,
} from './header.ts'

/** A tensor that was read. `F16` and `BF16` are bits in a `Uint16Array`, `BOOL` and `F8_…` in a `Uint8Array`. */
export interface ReadTensor extends TensorInfo {
  readonly data: TypedArray
}

/** An open safetensors file, of which nothing but the header has been read. */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>
  /** What is in it, in the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Reads one tensor. */
  read(name: string): Promise<ReadTensor>
  close(): Promise<void>
}

export interface ReadSafetensorsOptions {
  readonly files?: FileSystem | undefined
}

/**
 * Opens a safetensors file to read tensors one by one.
 * @throws naming the path, if it is not exactly what the format asks for.
 */
export async function openSafetensors(
  path: string,
  { files = nodeFiles }: ReadSafetensorsOptions = {},
): Promise<SafetensorsFile> {
  const target = await followLinks(files, path)
  const { size } = await files.lstat(target)
  const file = await files.open(target, 'read')
  const first = (into: Uint8Array, position: number): Promise<void> => readAll(file, into, position)
  try {
    const { header, dataStart } = await readHeader(first, size)
    return {
      ...header,
      async read(name) {
        const entry = header.tensors.get(name)
        if (!entry) return fail(`"${path}" has no tensor "${name}"`)
        const tensor = emptyTensor(entry)
        await readAll(file, bytesOf(tensor.data), dataStart + entry.begin)
        return tensor
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    if (error instanceof FormatError)
      return fail(`"${path}" is not a safetensors file: it ${error.message}`, { cause: error })
    throw error
  }
}

/** Reads all of a safetensors file; otherwise like `openSafetensors`. */
export async function readSafetensors(
  path: string,
  options?: ReadSafetensorsOptions,
): Promise<{ metadata: Readonly<Record<string, string>>; tensors: Map<string, ReadTensor> }> {
  const file = await openSafetensors(path, options)
  try {
    const tensors = new Map<string, ReadTensor>()
    for (const name of file.tensors.keys()) tensors.set(name, await file.read(name))
    return { metadata: file.metadata, tensors }
  } finally {
    await file.close()
  }
}

/** Reads all tensors of a file front to back. */
export async function readTensors(reader: SequentialReader): Promise<Map<string, TypedArray>> {
  const { header } = await readHeader((into) => reader.readInto([into]), reader.size)
  const tensors = new Map(Array.from(header.tensors, ([name, entry]) => [name, emptyTensor(entry).data]))
  await reader.readInto(Array.from(tensors.values(), bytesOf))
  return tensors
}

async function readHeader(
  fill: (into: Uint8Array, position: number) => Promise<void>,
  size: number,
): Promise<{ header: SafetensorsHeader; dataStart: number }> {
  if (size < 8) throw new FormatError(`has only ${size} bytes`)
  const first = new Uint8Array(8)
  await fill(first, 0)
  const bytes = new Uint8Array(headerLength(first, size))
  await fill(bytes, 8)
  const dataStart = 8 + bytes.length
  return { header: parseHeader(bytes, size - dataStart), dataStart }
}

function emptyTensor({ dtype, shape }: TensorEntry): ReadTensor {
  const length = shape.reduce((product, size) => product * size, 1)
  return { dtype, shape, data: arrayToFill(arrayFor(dtype), length) }
}

/** Downloads often are links into a cache. */
async function followLinks(files: FileSystem, path: string): Promise<string> {
  let target = path
  for (let links = 0; (await files.lstat(target)).kind === 'link'; links++) {
    if (links === 40) fail(`"${path}" is a link that leads nowhere`)
    target = resolve(dirname(target), await files.readlink(target))
  }
  return target
}
