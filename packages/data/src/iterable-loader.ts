import type { Shard } from '@trainyard/core'
import { BatchCutter, type Cut } from './batch-cutter.ts'
import { type BatchOptions, batchRules } from './batch-options.ts'
import { type AnySteps, type BatchSteps, inOrder } from './batch-steps.ts'
import { batches, type Pace } from './batches.ts'
import { describe, fail } from './errors.ts'
import type { EitherLoader, LoaderOf } from './loader-kinds.ts'
import { alone, checkPosition } from './shards.ts'

/** Examples one after the other. */
export type Stream<T = unknown> = Iterable<T> | AsyncIterable<T>

/** The examples of a stream. */
export type ExampleOf<S> = S extends Stream<infer T> ? T : never

/** Options for a stream of examples. */
export interface IterableLoaderOptions<T, Collated, Transformed>
  extends BatchOptions, BatchSteps<T[], Collated, Transformed> {}

/**
 * Makes batches of a stream of examples: an iterable that can be gone through again for each epoch, or a
 * function that opens one. It has to give the same examples in the same order each time an epoch is opened,
 * on every rank. To begin in the middle of an epoch it reads the examples up to there, without collating or
 * transforming them.
 *
 * @throws if an option is not as it should be; later, if what was opened is no iterable.
 */
export function iterableLoader<S extends Stream, Collated = ExampleOf<S>[], Transformed = Collated>(
  open: S | ((epoch: number) => S),
  options: IterableLoaderOptions<ExampleOf<S>, Collated, Transformed>,
): LoaderOf<
  Awaited<Transformed>,
  S extends AsyncIterable<unknown> ? Promise<unknown> : void,
  Collated,
  Transformed
>
export function iterableLoader(
  open: Stream | ((epoch: number) => Stream),
  options: BatchOptions & AnySteps,
): EitherLoader<unknown> {
  const rules = batchRules(options)
  const finish = inOrder(options)
  if (typeof open !== 'function') checkIterable('`open`', open)
  const pace: Pace = { known: options.collate || options.transform ? undefined : 'sync' }

  return {
    epoch(n: number, from = 0, shard: Shard = alone) {
      checkPosition(n, from, shard, rules)
      const examples = typeof open === 'function' ? checkIterable('what `open` gives', open(n)) : open
      const cutter = new BatchCutter<unknown>(rules, from, shard)
      const cuts = Symbol.asyncIterator in examples ? cutAsync(examples, cutter) : cut(examples, cutter)
      return batches(
        cuts,
        (part: Cut<unknown>) => finish(part.examples, { epoch: n, batch: part.batch, rank: shard.rank }),
        pace,
      )
    },
  }
}

function checkIterable(what: string, value: Stream): Stream {
  const able =
    typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
  if (!able)
    fail(`${what} must be an iterable of examples or a function (epoch) => iterable, not ${describe(value)}`)
  return value
}

function* cut<T>(examples: Iterable<T>, cutter: BatchCutter<T>): Generator<Cut<T>, undefined> {
  for (const example of examples) {
    const batch = cutter.add(example)
    if (batch) yield batch
  }
  yield* cutter.end()
}

async function* cutAsync<T>(
  examples: AsyncIterable<T>,
  cutter: BatchCutter<T>,
): AsyncGenerator<Cut<T>, undefined> {
  for await (const example of examples) {
    const batch = cutter.add(example)
    if (batch) yield batch
  }
  yield* cutter.end()
}
