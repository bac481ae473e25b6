import type { Shard } from '@trainyard/core'
import { fail } from './errors.ts'
import { wholeNumber } from './options.ts'

/** What becomes of the examples of a batch that the number of ranks does not divide. */
export type ShardRemainder = 'spread' | 'pad' | 'drop'

/** How a data set is cut into batches, and these into slices. */
export interface BatchRules {
  readonly batchSize: number
  readonly dropLast: boolean
  readonly shardRemainder: ShardRemainder
}

/** A single process, which takes all of each batch. */
export const alone: Shard = { rank: 0, size: 1 }

/** Part of a batch: its k-th example is number `(start + k) % size` of the batch's `size` examples. */
export interface Slice {
  readonly start: number
  readonly count: number
}

/** Gives the slice of a rank. As long as the batch has an example for each of them, no rank goes without. */
export function sliceOf(size: number, { rank, size: ranks }: Shard, shardRemainder: ShardRemainder): Slice {
  const count = Math.floor(size / ranks)
  const remainder = size % ranks
  if (shardRemainder === 'drop' || remainder === 0) return { start: rank * count, count }
  if (shardRemainder === 'pad') return { start: rank * (count + 1), count: count + 1 }
  return { start: rank * count + Math.min(rank, remainder), count: count + (rank < remainder ? 1 : 0) }
}

/**
 * Tells how many examples the last batch of an epoch, `tail` examples long, gets from the one before it, so
 * that no rank goes without.
 * @throws if the one before it cannot spare them.
 */
export function borrowed(tail: number, hasPredecessor: boolean, rules: BatchRules, ranks: number): number {
  const { batchSize, dropLast, shardRemainder } = rules
  if (tail === 0 || tail >= ranks || dropLast || shardRemainder === 'pad') return 0
  const missing = ranks - tail
  if (!hasPredecessor)
    fail(
      `the dataset has fewer examples than there are ranks, ${tail} for ${ranks}; ` +
        "use fewer ranks, or `shardRemainder: 'pad'`",
    )
  if (batchSize - missing < ranks)
    fail(
      `\`batchSize\` ${batchSize} leaves ${tail} for the last batch, too few for ${ranks} ranks; ` +
        `make it at least ${ranks + missing}, or set \`dropLast: true\` or \`shardRemainder: 'pad'\``,
    )
  return missing
}

/** Checks what `epoch()` is called with. */
export function checkPosition(
  n: number,
  from: number,
  { rank, size }: Shard,
  { batchSize }: BatchRules,
): void {
  wholeNumber('epoch', n, 0)
  wholeNumber('from', from, 0)
  wholeNumber('shard.size', size, 1)
  wholeNumber('shard.rank', rank, 0)
  if (rank >= size) fail(`\`shard.rank\` must be less than \`shard.size\`, which is ${size}, not ${rank}`)
  if (batchSize < size)
    fail(
      `\`batchSize\` ${batchSize} is too small for ${size} ranks: ` +
        `it counts the examples of all of them together; make it at least ${size}`,
    )
}
