import type { Shard } from '@trainyard/core'
import { fail } from './errors.ts'
import { type BatchRules, borrowed, sliceOf } from './shards.ts'

/** Tells which positions of an epoch a batch takes, by arithmetic alone. */
export class BatchPlan {
  /** Batches an epoch: the same for any number of ranks. */
  readonly batches: number
  readonly #length: number
  readonly #rules: BatchRules

  constructor(length: number, rules: BatchRules) {
    const { batchSize, dropLast } = rules
    this.batches = dropLast ? Math.floor(length / batchSize) : Math.ceil(length / batchSize)
    if (this.batches === 0)
      fail(
        `\`dropLast\` leaves no batch: \`batchSize\` is ${batchSize}, but the dataset has only ${length} examples`,
      )
    this.#length = length
    this.#rules = rules
  }

  /**
   * Gives a function from batches to the indices of the examples that a shard takes of them, in an order of
   * the data set.
   */
  indices(shard: Shard, order: (position: number) => number): (batch: number) => number[] {
    const { batchSize, shardRemainder } = this.#rules
    const last = this.batches - 1
    const moved = borrowed(this.#length % batchSize, last > 0, this.#rules, shard.size)
    return (batch) => {
      const first = batch * batchSize - (batch === last ? moved : 0)
      const end = Math.min(this.#length, (batch + 1) * batchSize - (batch === last - 1 ? moved : 0))
      const size = end - first
      const { start, count } = sliceOf(size, shard, shardRemainder)
      const indices: number[] = []
      for (let k = 0; k < count; k++) indices.push(order(first + ((start + k) % size)))
      return indices
    }
  }
}
