import type { DataLoader } from '@trainyard/core'
import { expect, test } from 'vitest'
import { iterableLoader, loader, prefetch, take } from '../src/index.ts'
import { gather, gatherRanks, numbers } from './gather.ts'

test('takes the first batches of each epoch and counts them', () => {
  const data = loader(numbers(20), { batchSize: 4, shuffle: true })
  const some = take(data, 2)
  expect(some.batches).toBe(2)
  for (const n of [0, 1]) expect([...some.epoch(n)]).toEqual([...data.epoch(n)].slice(0, 2))
  expect(take(data, 99).batches).toBe(5)
  expect([...take(data, 99).epoch(0)]).toEqual([...data.epoch(0)])
})

test('counts from the start of the epoch, wherever a run goes on', () => {
  const some = take(loader(numbers(20), { batchSize: 4 }), 3)
  expect([...some.epoch(0, 2)]).toEqual([[8, 9, 10, 11]])
  expect([...some.epoch(0, 3)]).toEqual([])
  expect([...some.epoch(0, 9)]).toEqual([])
})

test('leaves each rank its slice', async () => {
  expect(await gatherRanks(take(loader(numbers(8), { batchSize: 4 }), 1), 2)).toEqual([[[0, 1]], [[2, 3]]])
})

test('does not know how many there are when the source does not', async () => {
  const stream = take(iterableLoader(numbers(9), { batchSize: 2 }), 2)
  expect(stream.batches).toBeUndefined()
  expect(await gather(stream)).toEqual([
    [0, 1],
    [2, 3],
  ])
})

test('takes any loader, asks it for no more than it needs and closes it', async () => {
  const log: string[] = []
  const endless: DataLoader<number> = {
    async *epoch(n, from) {
      try {
        for (let batch = from; ; batch++) {
          log.push(`batch ${batch}`)
          yield n * 100 + batch
        }
      } finally {
        log.push('closed')
      }
    },
  }
  expect(await gather(take(endless, 3), 2, 1)).toEqual([201, 202])
  expect(log).toEqual(['batch 1', 'batch 2', 'closed'])
  log.length = 0
  for await (const _ of take(endless, 3).epoch(0, 0, { rank: 0, size: 1 })) break
  expect(log).toEqual(['batch 0', 'closed'])
})

test('goes together with prefetch, in either order', async () => {
  const data = loader(numbers(20), { batchSize: 2, transform: async (batch) => batch[0]! })
  expect(await gather(prefetch(take(data, 3), { ahead: 5 }))).toEqual([0, 2, 4])
  expect(await gather(take(prefetch(data, { ahead: 5 }), 3))).toEqual([0, 2, 4])
})

test('bad input is named', () => {
  const data = loader(numbers(20), { batchSize: 2 })
  expect(() => take(data, 0)).toThrow('[data] `count` must be a whole number of at least 1, not 0')
  expect(() => take([1] as never, 1)).toThrow(
    '[data] take() needs a loader, which has epoch(n, from, shard), not an array',
  )
})
