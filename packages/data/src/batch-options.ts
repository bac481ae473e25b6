import { describe, fail } from './errors.ts'
import { flag, oneOf, wholeNumber } from './options.ts'
import type { BatchRules, ShardRemainder } from './shards.ts'

/** How examples become batches. */
export interface BatchOptions {
  /** Examples a batch, those of all ranks together. */
  batchSize: number
  /** Leaves out the last batch of an epoch if it is not full. Default: false. */
  dropLast?: boolean
  /**
   * What becomes of the examples of a batch that the number of ranks does not divide. Default: `spread`.
   *
   * - `spread`: the first ranks take one more each. Every example is used exactly once, as evaluation needs
   *   it. If the last batch has fewer examples than there are ranks, the one before it gives it some.
   * - `pad`: examples from the start of the batch are used again, so that all ranks take equally many.
   * - `drop`: they are left out, so that all ranks take equally many. Which ones depends on the order, so
   *   shuffle.
   *
   * Whichever it is, all ranks have the same number of batches, none of them empty, and the number of ranks
   * does not change how many there are.
   */
  shardRemainder?: ShardRemainder
}

/** Checks the options and fills in the defaults. */
export function batchRules(options: BatchOptions): BatchRules {
  if (typeof options !== 'object' || options === null)
    fail(`\`options\` must be an object such as { batchSize: 64 }, not ${describe(options)}`)
  const { batchSize, dropLast = false, shardRemainder = 'spread' } = options
  wholeNumber('batchSize', batchSize, 1)
  flag('dropLast', dropLast)
  oneOf('shardRemainder', shardRemainder, ['spread', 'pad', 'drop'])
  return { batchSize, dropLast, shardRemainder }
}
