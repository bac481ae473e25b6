import type { DataLoader, Shard } from '@trainyard/core'
import { over } from './batches.ts'
import type { LoaderLike } from './loader-kinds.ts'
import { checkLoader, wholeNumber } from './options.ts'
import { alone } from './shards.ts'

export interface PrefetchOptions {
  /** How many batches are made while the module works on one. Default: 2. */
  ahead?: number
}

/**
 * Makes a loader that works ahead: while the module computes a batch, the next ones are read and transformed.
 * The batches, their order and the place where an error comes up stay the same. It takes any loader; those of
 * this package work on all batches ahead at the same time (examples of a stream are still read in turn).
 * Batches that come without a promise are handed through: there is nothing to wait for.
 *
 * @throws if `ahead` is not a whole number of at least 1.
 */
export function prefetch<L extends DataLoader<unknown>>(
  loader: L,
  options: PrefetchOptions = {},
): LoaderLike<L> {
  const { ahead = 2 } = options
  checkLoader('prefetch', loader)
  wholeNumber('ahead', ahead, 1)
  const prefetched: DataLoader<unknown> = {
    get batches() {
      return loader.batches
    },
    epoch(n: number, from = 0, shard: Shard = alone) {
      const batches = loader.epoch(n, from, shard)
      return Symbol.asyncIterator in batches ? new Ahead(batches[Symbol.asyncIterator](), ahead) : batches
    },
  }
  return prefetched as LoaderLike<L>
}

/** Keeps a few requests to a source open. */
class Ahead<B> implements AsyncIterableIterator<B> {
  readonly #source: AsyncIterator<B>
  readonly #ahead: number
  #waiting: Promise<IteratorResult<B, unknown>>[] = []
  #over = false

  constructor(source: AsyncIterator<B>, ahead: number) {
    this.#source = source
    this.#ahead = ahead
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<B, unknown>> {
    while (!this.#over && this.#waiting.length <= this.#ahead) this.#waiting.push(this.#request())
    const request = this.#waiting.shift()
    if (!request) return over
    let last = true
    try {
      const step = await request
      last = step.done === true
      return step
    } finally {
      // After the end or an error nothing comes any more, whatever was asked for ahead.
      if (last) this.#waiting = []
    }
  }

  async return(): Promise<IteratorResult<B, undefined>> {
    this.#over = true
    this.#waiting = []
    await this.#source.return?.()
    return over
  }

  #request(): Promise<IteratorResult<B, unknown>> {
    const step = this.#source.next()
    // A request that failed is reported to whoever takes it. Often that is nobody, after a stop; so it must
    // not count as unhandled.
    step.then(
      ({ done }) => (this.#over ||= done === true),
      () => (this.#over = true),
    )
    return step
  }
}
