import * as tf from '@tensorflow/tfjs'
import { isPromise, type Strategy } from '@trainyard/core'
import { fail } from './errors.ts'
import { openValues, type RankValues } from './rank-values.ts'

/** Something to be averaged over ranks: a variable's gradient, or a variable that no optimizer changes. */
export interface Averaged {
  readonly shape: readonly number[]
  readonly size: number
  /** This rank's values, or undefined for zeros. */
  readonly values: tf.Tensor | undefined
  /** What they count on this rank: 1 for sums over examples, the number of examples for means. */
  readonly weight: number
  /** Whether nobody else needs the tensor as it is. It may then become the mean itself. */
  readonly mayChange: boolean
}

/** Values `from` to `to` of an item. */
export interface Piece<T> {
  readonly item: T
  readonly from: number
  readonly to: number
}

/** What a strategy gets at a time that does not say what it likes. */
const usualBucketBytes = 25 * 2 ** 20

function numbersIn(bytes: number): number {
  if (!(bytes >= 4)) fail(`\`bucketBytes\` of the strategy must be a number of bytes from 4, not ${bytes}`)
  return Math.floor(bytes / 4)
}

/** Cuts a list into buckets of so many numbers, of which the first one has room for `head` fewer. The same list gives the same buckets on every rank. */
export function bucketsOf<T extends { readonly size: number }>(
  items: readonly T[],
  head: number,
  most: number,
): Piece<T>[][] {
  const buckets: Piece<T>[][] = [[]]
  let room = most - head
  for (const item of items) {
    let from = 0
    do {
      if (room <= 0) {
        buckets.push([])
        room = most
      }
      const to = Math.min(item.size, from + room)
      buckets.at(-1)!.push({ item, from, to })
      room -= to - from
      from = to
    } while (from < item.size)
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

  /**
   * Gives the means, the number of all examples, and the sums of the other numbers. The caller frees the means and, of what it has passed, those that have not become
   * means; after an error, all that it has passed.
   */
  async over(
    items: readonly Averaged[],
    examples: number,
    numbers: readonly number[],
    strategy: Strategy,
  ): Promise<{ means: Map<Averaged, tf.Tensor>; examples: number; sums: number[] }> {
    const most = numbersIn(strategy.bucketBytes ?? usualBucketBytes)
    const means = new Map<Averaged, tf.Tensor>()
    const opened = new Map<Averaged, RankValues>()
    let head = [examples, ...numbers]
    let total = 0
    let sums: number[] = []
    try {
      for (const bucket of bucketsOf(items, head.length, most)) {
        const buffer = this.#room(bucket.reduce((sum, { from, to }) => sum + to - from, head.length))
        buffer.set(head)
        let at = head.length
        for (const { item, from, to } of bucket) {
          if (from === 0) {
            const values = openValues(item)
            opened.set(item, isPromise(values) ? await values : values)
          }
          buffer.set(opened.get(item)!.take(from, to), at)
          at += to - from
        }
        const reduced = strategy.allReduce(buffer)
        if (isPromise(reduced)) await reduced
        if (head.length > 0)
          [total, ...sums] = buffer.subarray(0, head.length) as unknown as [number, ...number[]]
        at = head.length
        for (const { item, from, to } of bucket) {
          const values = opened.get(item)!
          values.put(from, buffer.subarray(at, at + to - from), total)
          at += to - from
          if (to < item.size) continue
          means.set(item, values.tensor())
          opened.delete(item)
        }
        head = []
      }
      return { means, examples: total, sums }
    } catch (error) {
      tf.dispose([...means.values()])
      throw error
    }
  }

  #room(length: number): Float32Array {
    if (this.#memory.length < length) this.#memory = new Float32Array(length)
    return this.#memory.subarray(0, length)
  }
}
