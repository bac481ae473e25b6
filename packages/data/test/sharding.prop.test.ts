import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { iterableLoader, loader, type ShardRemainder } from '../src/index.ts'
import { gather, gatherRanks, numbers } from './gather.ts'

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)

/** A data set, a batch size and a number of ranks that go together. */
const cases = fc
  .record({
    length: fc.integer({ min: 1, max: 120 }),
    ranks: fc.integer({ min: 1, max: 6 }),
    extra: fc.integer({ min: 0, max: 12 }),
    shuffle: fc.boolean(),
    dropLast: fc.boolean(),
    epoch: fc.nat(9),
  })
  // Twice the ranks is always enough for a batch to lend the last one what it lacks.
  .map(({ length, ranks, extra, shuffle, dropLast, epoch }) => {
    const batchSize = 2 * ranks + extra
    return { length, ranks, batchSize, shuffle, dropLast, epoch }
  })
  .filter(({ length, ranks, batchSize, dropLast }) => length >= (dropLast ? batchSize : ranks))

const remainders: ShardRemainder[] = ['spread', 'pad', 'drop']

test('all ranks have as many batches as one process has, and none is empty', async () => {
  await fc.assert(
    fc.asyncProperty(
      cases,
      fc.constantFrom(...remainders),
      async ({ length, ranks, epoch, ...options }, shardRemainder) => {
        const data = loader(numbers(length), { ...options, shardRemainder })
        for (const batches of await gatherRanks(data, ranks, epoch)) {
          expect(batches).toHaveLength(data.batches)
          expect(batches.every((batch) => batch.length > 0)).toBe(true)
        }
      },
    ),
  )
})

test('spread uses every example exactly once, and slices differ by one at most', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ length, ranks, epoch, ...options }) => {
      const data = loader(numbers(length), options)
      const one = await gather(data, epoch)
      const all = await gatherRanks(data, ranks, epoch)
      expect(sorted(all.flat(2))).toEqual(sorted(one.flat()))
      one.forEach((batch, b) => {
        const slices = all.map((batches) => batches[b]!)
        const sizes = slices.map((slice) => slice.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        // Only the last two batches can differ from those of one process, and only if the last is too short.
        const short = one.at(-1)!.length < ranks
        if (!short || b < one.length - 2) expect(slices.flat()).toEqual(batch)
      })
    }),
  )
})

test('pad gives all ranks equally many and repeats only examples of the same batch', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ length, ranks, epoch, ...options }) => {
      const data = loader(numbers(length), { ...options, shardRemainder: 'pad' })
      const all = await gatherRanks(data, ranks, epoch)
      const one = await gather(data, epoch)
      one.forEach((batch, b) => {
        const slices = all.map((batches) => batches[b]!)
        expect(new Set(slices.map((slice) => slice.length)).size).toBe(1)
        const padded = slices.flat()
        expect(padded.slice(0, batch.length)).toEqual(batch)
        expect(padded.length - batch.length).toBeLessThan(ranks)
        padded.slice(batch.length).forEach((example, k) => expect(example).toBe(batch[k % batch.length]))
      })
    }),
  )
})

test('drop gives all ranks equally many and repeats none', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ length, ranks, epoch, ...options }) => {
      const data = loader(numbers(length), { ...options, shardRemainder: 'drop' })
      const all = await gatherRanks(data, ranks, epoch)
      for (let b = 0; b < data.batches; b++)
        expect(new Set(all.map((batches) => batches[b]!.length)).size).toBe(1)
      const used = all.flat(2)
      expect(new Set(used).size).toBe(used.length)
    }),
  )
})

test('going on from any batch gives the rest of the epoch, for any rank', async () => {
  await fc.assert(
    fc.asyncProperty(
      cases,
      fc.constantFrom(...remainders),
      fc.nat(100),
      async ({ length, ranks, epoch, ...options }, shardRemainder, place) => {
        const data = loader(numbers(length), { ...options, shardRemainder })
        const from = place % (data.batches + 1)
        const straight = await gatherRanks(data, ranks, epoch)
        expect(await gatherRanks(data, ranks, epoch, from)).toEqual(
          straight.map((batches) => batches.slice(from)),
        )
      },
    ),
  )
})

test('a stream is cut into the same slices as an array, from any batch on', async () => {
  await fc.assert(
    fc.asyncProperty(
      cases,
      fc.constantFrom(...remainders),
      fc.nat(100),
      async ({ length, ranks, epoch, ...options }, shardRemainder, place) => {
        const rules = { batchSize: options.batchSize, dropLast: options.dropLast, shardRemainder }
        const array = loader(numbers(length), rules)
        const from = place % (array.batches + 1)
        const expected = await gatherRanks(array, ranks, epoch, from)
        expect(await gatherRanks(iterableLoader(numbers(length), rules), ranks, epoch, from)).toEqual(
          expected,
        )
      },
    ),
  )
})
