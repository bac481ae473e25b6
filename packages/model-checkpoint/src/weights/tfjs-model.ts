import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fail } from '../errors.ts'
import { fromHalf } from './half.ts'
import type { HostWeight, Weights } from './weights.ts'

/** How a weight stands in the files of a `model.json`. */
interface Entry {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  readonly quantization?: { readonly dtype: string; readonly scale?: number; readonly min?: number }
}

interface Manifest {
  readonly weightsManifest?: readonly {
    readonly paths: readonly string[]
    readonly weights: readonly Entry[]
  }[]
}

const bytesOf: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
}

/**
 * Reads the weights of a TensorFlow.js `model.json` and its binary files, as `tf.LayersModel.save` and the converter write them; quantized ones are
 * expanded. Nothing of TensorFlow.js is needed.
 * @throws if it is not such a file, a type is unknown, or the binary files are shorter or longer than it says.
 */
export async function readTfjsWeights(path: string): Promise<Weights> {
  const { weightsManifest } = parse(path, await readFile(path, 'utf8'))
  if (!weightsManifest) return fail(`"${path}" has no weightsManifest; a model.json of TensorFlow.js has one`)
  const weights: Record<string, HostWeight> = {}
  for (const { paths, weights: entries } of weightsManifest) {
    const parts = await Promise.all(paths.map((part) => readFile(join(dirname(path), part))))
    const bytes = Buffer.concat(parts)
    let offset = 0
    for (const entry of entries) {
      const { shape, quantization } = entry
      const stored = quantization?.dtype ?? entry.dtype
      const width =
        bytesOf[stored] ??
        fail(`"${path}": weight "${entry.name}" is of type ${stored}, which cannot be read`)
      const size = shape.reduce((product, length) => product * length, 1)
      const end = offset + size * width
      if (end > bytes.length) fail(`"${path}": ${paths.join(', ')} end within weight "${entry.name}"`)
      // A copy, for a typed array must begin at a multiple of its width.
      const { buffer } = new Uint8Array(bytes.subarray(offset, end))
      weights[entry.name] = { shape, data: values(entry, stored, buffer) }
      offset = end
    }
    if (offset !== bytes.length)
      fail(`"${path}": ${paths.join(', ')} have ${bytes.length} bytes, not ${offset}`)
  }
  return weights
}

function parse(path: string, text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest
  } catch (error) {
    return fail(`"${path}" is not JSON`, { cause: error })
  }
}

function values({ dtype, quantization }: Entry, stored: string, buffer: ArrayBuffer): HostWeight['data'] {
  if (!quantization)
    return dtype === 'float32'
      ? new Float32Array(buffer)
      : dtype === 'int32'
        ? new Int32Array(buffer)
        : new Uint8Array(buffer)
  if (stored === 'float16') return Float32Array.from(new Uint16Array(buffer), fromHalf)
  const { scale = 1, min = 0 } = quantization
  const codes = stored === 'uint16' ? new Uint16Array(buffer) : new Uint8Array(buffer)
  const expand = (code: number): number => code * scale + min
  return dtype === 'int32'
    ? Int32Array.from(codes, (code) => Math.round(expand(code)))
    : Float32Array.from(codes, expand)
}
