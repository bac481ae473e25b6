import type { DataLoader, Shard } from '@trainyard/core'
import { ignore, nothing, over } from './batches.ts'
import type { LoaderLike } from './loader-kinds.ts'
import { checkLoader, wholeNumber } from './options.ts'
import { alone } from './shards.ts'

/**
 * Makes a loader of the first `count` batches of each epoch, for a quick try or a validation that looks at
 * part of the data. It takes any loader.
 * @throws if `count` is not a whole number of at least 1.
 */
export function take<L extends DataLoader<unknown>>(loader: L, count: number): LoaderLike<L> {
  checkLoader('take', loader)
  wholeNumber('count', count, 1)
  const taken: DataLoader<unknown> = {
    get batches() {
      return loader.batches === undefined ? undefined : Math.min(count, loader.batches)
    },
    epoch(n: number, from = 0, shard: Shard = alone) {
      if (from >= count) return nothing
      const batches = loader.epoch(n, from, shard)
      return Symbol.asyncIterator in batches
        ? takeAsync(batches[Symbol.asyncIterator](), count - from)
        : takeSync(batches, count - from)
    },
  }
  return taken as LoaderLike<L>
}

function* takeSync<B>(batches: Iterable<B>, count: number): Generator<B, undefined> {
  let left = count
  for (const batch of batches) {
    yield batch
    // Looked at after the batch, so that the source is never asked for one too many.
    if (--left === 0) return
  }
}

/** Passes requests on as they come, so that a source that works on several batches at once still does. */
function takeAsync<B>(source: AsyncIterator<B>, count: number): AsyncIterableIterator<B> {
  let left = count
  let asked: Promise<unknown> = Promise.resolve()
  const close = async (): Promise<IteratorResult<B, undefined>> => {
    left = 0
    await source.return?.()
    return over
  }
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next() {
      // Closing must not overtake batches that were asked for.
      if (left === 0) return asked.then(close)
      left--
      const step = source.next()
      asked = Promise.all([asked, step]).catch(ignore)
      return step
    },
    return: close,
  }
}
