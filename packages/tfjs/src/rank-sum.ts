import * as tf from '@tensorflow/tfjs'
import { isPromise, type Strategy } from '@trainyard/core'
import { viewOf } from '@trainyard/tfjs-wasm'

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
 * Averages tensors over the examples of all ranks, a bucket at a time. The number of examples and a few other numbers stand before the first bucket, and so need
 * no reduction of their own.
 */
export class RankSum {
  /** Kept from step to step. */
  #memory = new Float32Array()

  /** Gives the means by name, which the caller frees, the number of all examples, and the sums of the other numbers. */
  async over(
    items: readonly Averaged[],
    examples: number,
    numbers: readonly number[],
    strategy: Strategy,
    most: number = mostInBucket,
  ): Promise<{ means: Map<string, tf.Tensor>; examples: number; sums: number[] }> {
    const means = new Map<string, tf.Tensor>()
    let head = [examples, ...numbers]
    let total = 0
    let sums: number[] = []
    for (const bucket of bucketsOf(items, most)) {
      const length = bucket.reduce((sum, { size }) => sum + size, head.length)
      const buffer = this.#room(length)
      buffer.set(head)
      let offset = head.length
      for (const { values, size, weight } of bucket) {
        const part = buffer.subarray(offset, offset + size)
        if (values) await copyScaled(part, values, weight)
        else part.fill(0)
        offset += size
      }
      const reduced = strategy.allReduce(buffer)
      if (isPromise(reduced)) await reduced
      if (head.length > 0)
        [total, ...sums] = buffer.subarray(0, head.length) as unknown as [number, ...number[]]
      offset = head.length
      for (const { name, shape, size } of bucket) {
        const part = buffer.subarray(offset, offset + size)
        means.set(
          name,
          tf.tidy(() => tf.div(tf.tensor(part, shape as number[], 'float32'), total)),
        )
        offset += size
      }
      head = []
    }
    return { means, examples: total, sums }
  }

  #room(length: number): Float32Array {
    if (this.#memory.length < length) this.#memory = new Float32Array(length)
    return this.#memory.subarray(0, length)
  }
}

/** Copies a tensor, multiplied by a number. The device multiplies and divides: its loops are several times as quick as those of JavaScript. */
async function copyScaled(to: Float32Array, tensor: tf.Tensor, factor: number): Promise<void> {
  const scaled = factor === 1 ? tensor : tf.mul(tensor, factor)
  try {
    // What `data` gives is a copy in memory that is new at each step, which costs several times what the copying does.
    to.set(viewOf(scaled) ?? (await scaled.data<'float32'>()))
  } finally {
    if (scaled !== tensor) scaled.dispose()
  }
}
