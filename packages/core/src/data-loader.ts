import type { Awaitable } from './awaitable.ts'
import { fail } from './errors.ts'
import { check } from './options.ts'

/** Which part of the data a process takes. */
export interface Shard {
  readonly rank: number
  readonly size: number
}

/**
 * Gives the batches of an epoch from a position on. The trainer owns the position and passes it, so a loader keeps no state: the same call gives
 * the same batches. The batch size is that of all ranks together, so that (epoch, batch) means the same for any number of them.
 *
 * The loop takes the next batch before it computes one, to know which is the last: a batch must not share its memory with the next. Whoever makes tensors for
 * batches frees them; loaders of `@trainyard/data` give plain arrays.
 */
export interface DataLoader<B> {
  /** Batches an epoch, where it is known. */
  readonly batches?: number | undefined
  epoch(n: number, from: number, shard: Shard): Iterable<B> | AsyncIterable<B>
}

/** Data to train on: a loader, or anything that gives batches and can be gone through again for each epoch. */
export type DataSource<B> = DataLoader<B> | Iterable<B> | AsyncIterable<B>

/** Where batches come from, one at a time. */
export interface BatchIterator<B> {
  next(): Awaitable<IteratorResult<B, unknown>>
  return?(): unknown
}

/** Opens an epoch at a position. A plain iterable is gone through from its start up to there. */
export async function openEpoch<B>(
  data: DataSource<B>,
  n: number,
  from: number,
  shard: Shard,
): Promise<BatchIterator<B>> {
  if ('epoch' in data) return iterate(data.epoch(n, from, shard))
  if (shard.size > 1)
    fail(`${shard.size} ranks cannot share a plain iterable; pass a loader of @trainyard/data`)
  const batches = iterate(data)
  for (let skipped = 0; skipped < from; skipped++) if ((await batches.next()).done) break
  return batches
}

function iterate<B>(batches: Iterable<B> | AsyncIterable<B>): BatchIterator<B> {
  return (
    (batches as Partial<AsyncIterable<B>>)[Symbol.asyncIterator]?.() ??
    (batches as Iterable<B>)[Symbol.iterator]()
  )
}

/** How many batches an epoch has, where that is known without reading it. */
export function batchesOf(data: DataSource<unknown> | undefined): number | undefined {
  return Array.isArray(data) ? data.length : (data as DataLoader<unknown> | undefined)?.batches
}

/** Checks that `data` can give batches at all. */
export function checkData(option: string, data: unknown): void {
  const ways = ['epoch', Symbol.iterator, Symbol.asyncIterator] as const
  const able = ways.some((way) => typeof (data as Record<PropertyKey, unknown> | null)?.[way] === 'function')
  check(typeof data === 'object' && able, option, 'a data loader or an iterable of batches', data)
}
