import type { DataLoader, Shard } from '@trainyard/core'
import { type BatchOptions, batchRules } from './batch-options.ts'
import { BatchPlan } from './batch-plan.ts'
import { type AnySteps, type BatchPosition, type BatchSteps, inOrder } from './batch-steps.ts'
import { batches, type Pace } from './batches.ts'
import type { Column, ColumnBatch } from './columns.ts'
import { type Indexable, openDataset } from './dataset.ts'
import { fail } from './errors.ts'
import type { Counted, LoaderOf } from './loader-kinds.ts'
import { flag, wholeNumber } from './options.ts'
import { permutation } from './permutation.ts'
import { alone, checkPosition } from './shards.ts'

export interface ShuffleOptions {
  /** Goes through the examples in a new order in each epoch. Default: false. */
  shuffle?: boolean
  /** The order of epoch n depends on this and n alone. Default: 0. */
  seed?: number
}

/** Options for a data set of examples. */
export interface LoaderOptions<Example, Collated, Transformed>
  extends BatchOptions, ShuffleOptions, BatchSteps<Example[], Collated, Transformed> {}

/** Options for a data set of columns: it needs no `collate`. */
export interface ColumnLoaderOptions<Batch, Transformed> extends BatchOptions, ShuffleOptions {
  /**
   * Changes a batch, for example scales pixels; it may give a promise. The batch is a copy, which it may write
   * into.
   */
  transform?: (batch: Batch, position: BatchPosition) => Transformed
}

/**
 * Makes batches of a data set that is read by index: an array of examples, columns, or anything with `length`
 * and `get(index)`. Opening an epoch at its millionth batch costs no more than at its first. `length` is read
 * once, here.
 *
 * Batches of examples are lists of them, unless `collate` makes something else (see `stack`). Batches of
 * columns hold `{ data, shape }` for each column, with the rows of the batch in a new array of the same
 * class.
 *
 * @throws if an option or the data set is not as it should be.
 */
export function loader<T, Collated = T[], Transformed = Collated>(
  dataset: readonly T[],
  options: LoaderOptions<T, Collated, Transformed>,
): LoaderOf<Awaited<Transformed>, void, Collated, Transformed> & Counted
export function loader<Example, Collated = Awaited<Example>[], Transformed = Collated>(
  dataset: Indexable<Example>,
  options: LoaderOptions<Awaited<Example>, Collated, Transformed>,
): LoaderOf<Awaited<Transformed>, Example, Collated, Transformed> & Counted
export function loader<C extends { readonly [Name in keyof C]: Column }, Transformed = ColumnBatch<C>>(
  dataset: C,
  options: ColumnLoaderOptions<ColumnBatch<C>, Transformed>,
): LoaderOf<Awaited<Transformed>, void, void, Transformed> & Counted
export function loader(
  dataset: unknown,
  options: BatchOptions & ShuffleOptions & AnySteps,
): DataLoader<unknown> & Counted {
  const rules = batchRules(options)
  const { shuffle = false, seed = 0 } = options
  flag('shuffle', shuffle)
  wholeNumber('seed', seed, 0)
  const finish = inOrder(options)
  const { length, sync, examples, read } = openDataset(dataset)
  if (options.collate && !examples)
    fail('`collate` has nothing to do for columns, whose batches are tensors already; use `transform`')
  const plan = new BatchPlan(length, rules)
  const pace: Pace = { known: sync && !options.collate && !options.transform ? 'sync' : undefined }

  return {
    batches: plan.batches,
    epoch(n: number, from = 0, shard: Shard = alone) {
      checkPosition(n, from, shard, rules)
      const indices = plan.indices(shard, shuffle ? permutation(length, seed, n) : inPlace)
      const make = (batch: number): unknown =>
        finish(read(indices(batch)), { epoch: n, batch, rank: shard.rank })
      return batches(range(from, plan.batches), make, pace)
    },
  }
}

function inPlace(position: number): number {
  return position
}

function* range(from: number, to: number): Generator<number, undefined> {
  for (let n = from; n < to; n++) yield n
}
