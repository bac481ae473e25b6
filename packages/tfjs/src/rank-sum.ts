import * as tf from '@tensorflow/tfjs'
import { isPromise, type Strategy } from '@trainyard/core'
import { readsSynchronously } from './backend.ts'

/** Something to be averaged over ranks: a variable's gradient, or a variable that no optimizer changes. */
export interface Averaged {
  readonly name: string
  readonly shape: readonly number[]
  readonly size: number
  /** This rank's values, or undefined for zeros. */
  readonly values: tf.Tensor | undefined
  /** What they count on this rank: 1 for sums over examples, the number of examples for means. */
  readonly weight: number
}

/** Numbers a reduction of 25 MB, as PyTorch has it: large enough for the network, small beside a model. */
const mostInBucket = (25 * 2 ** 20) / 4

/** Cuts a list into buckets of at most so many numbers, whatever is larger on its own. The same list gives the same buckets on every rank. */
export function bucketsOf<T extends { readonly size: number }>(items: readonly T[], most: number): T[][] {
  const buckets: T[][] = [[]]
  let filled = 0
  for (const item of items) {
    if (filled > 0 && filled + item.size > most) {
      buckets.push([])
      filled = 0
    }
    buckets.at(-1)!.push(item)
    filled += item.size
  }
  return buckets
}

/**
 * Averages tensors over the examples of all ranks, a bucket at a time. The number of examples and the flags of a step stand before the first, and so need no
 * reduction of their own.
 */
export class RankSum {
  /** Kept from step to step. */
  #memory = new Float32Array()

  /** Gives the means by name, which the caller frees, and the sums of the flags. */
  async over(
    items: readonly Averaged[],
    examples: number,
    flags: readonly number[],
    strategy: Strategy,
    most: number = mostInBucket,
  ): Promise<{ means: Map<string, tf.Tensor>; flags: number[] }> {
    const means = new Map<string, tf.Tensor>()
    let head = [examples, ...flags]
    let total = 0
    let sums: number[] = []
    for (const bucket of bucketsOf(items, most)) {
      const length = bucket.reduce((sum, { size }) => sum + size, head.length)
      const buffer = this.#room(length)
      buffer.set(head)
      let offset = head.length
      for (const { values, size, weight } of bucket) {
        const part = buffer.subarray(offset, offset + size)
        if (values) fill(part, await read(values), weight)
        else part.fill(0)
        offset += size
      }
      const reduced = strategy.allReduce(buffer)
      if (isPromise(reduced)) await reduced
      if (head.length > 0)
        [total, ...sums] = buffer.subarray(0, head.length) as unknown as [number, ...number[]]
      offset = head.length
      for (const { name, shape, size } of bucket) {
        // New memory: some backends keep the array itself.
        const mean = new Float32Array(size)
        for (let i = 0; i < size; i++) mean[i] = buffer[offset + i]! / total
        means.set(name, tf.tensor(mean, shape as number[], 'float32'))
        offset += size
      }
      head = []
    }
    return { means, flags: sums }
  }

  #room(length: number): Float32Array {
    if (this.#memory.length < length) this.#memory = new Float32Array(length)
    return this.#memory.subarray(0, length)
  }
}

function read(tensor: tf.Tensor): Float32Array | Promise<Float32Array> {
  return readsSynchronously() ? tensor.dataSync<'float32'>() : tensor.data<'float32'>()
}

function fill(part: Float32Array, values: Float32Array, weight: number): void {
  if (weight === 1) part.set(values)
  else for (let i = 0; i < part.length; i++) part[i] = values[i]! * weight
}
