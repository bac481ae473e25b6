/**
 * Data loaders for Trainyard: batches, keyed shuffling, a slice for each rank, and epochs that open anywhere
 * at no cost.
 *
 * ```ts
 * import { loader } from '@trainyard/data'
 *
 * const xs = { data: new Float32Array(1000 * 784), shape: [1000, 784] }
 * const ys = new Int32Array(1000)
 * const data = loader({ xs, ys }, { batchSize: 64, shuffle: true, seed: 7 })
 *
 * for (const batch of data.epoch(0)) console.log(batch.xs.shape, batch.ys.shape)
 * ```
 *
 * @module
 */
export { loader, type ColumnLoaderOptions, type LoaderOptions, type ShuffleOptions } from './loader.ts'
export { type ExampleOf, iterableLoader, type IterableLoaderOptions, type Stream } from './iterable-loader.ts'
export { take } from './take.ts'
export { prefetch, type PrefetchOptions } from './prefetch.ts'
export { permutation } from './permutation.ts'
export { stack, type Stacked } from './stack.ts'

// Options and data sets
export type { BatchOptions } from './batch-options.ts'
export type { BatchPosition, BatchSteps } from './batch-steps.ts'
export type { ShardRemainder } from './shards.ts'
export type { Column, ColumnBatch, Columns } from './columns.ts'
export type { Indexable } from './dataset.ts'
export type { SameClass, TypedTensor } from './typed-arrays.ts'

// Kinds of loaders
export type { AsyncLoader, Counted, EitherLoader, LoaderLike, LoaderOf, SyncLoader } from './loader-kinds.ts'
