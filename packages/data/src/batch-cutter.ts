import type { Shard } from '@trainyard/core'
import { type BatchRules, borrowed, sliceOf } from './shards.ts'

/** A shard's part of a batch, not collated yet. */
export interface Cut<T> {
  readonly batch: number
  readonly examples: T[]
}

/** Cuts a stream of examples into batches, exactly as a `BatchPlan` cuts a data set whose length is known. */
export class BatchCutter<T> {
  readonly #rules: BatchRules
  readonly #from: number
  readonly #shard: Shard
  /**
   * How many examples have to be there before a batch is complete: the last one may need some of those before
   * it.
   */
  readonly #enough: number
  #examples: T[] = []
  #batch = 0

  constructor(rules: BatchRules, from: number, shard: Shard) {
    const { batchSize, dropLast, shardRemainder } = rules
    this.#rules = rules
    this.#from = from
    this.#shard = shard
    this.#enough = batchSize + (shard.size > 1 && !dropLast && shardRemainder !== 'pad' ? shard.size : 0)
  }

  /** Takes the next example; gives the batch that it completes, unless that one is to be skipped. */
  add(example: T): Cut<T> | undefined {
    this.#examples.push(example)
    return this.#examples.length < this.#enough ? undefined : this.#cut(this.#rules.batchSize)
  }

  /** Gives the batches that are left when the stream is over. */
  end(): Cut<T>[] {
    const { batchSize, dropLast } = this.#rules
    const left = this.#examples.length
    const tail = left % batchSize
    const moved = borrowed(tail, left > batchSize, this.#rules, this.#shard.size)
    const cuts: (Cut<T> | undefined)[] = []
    if (left >= batchSize) cuts.push(this.#cut(batchSize - moved))
    if (tail > 0 && !dropLast) cuts.push(this.#cut(tail + moved))
    return cuts.filter((cut) => cut !== undefined)
  }

  #cut(size: number): Cut<T> | undefined {
    const examples = this.#examples
    this.#examples = examples.splice(size)
    const batch = this.#batch++
    if (batch < this.#from) return undefined
    const { start, count } = sliceOf(size, this.#shard, this.#rules.shardRemainder)
    return { batch, examples: Array.from({ length: count }, (_, k) => examples[(start + k) % size]!) }
  }
}
