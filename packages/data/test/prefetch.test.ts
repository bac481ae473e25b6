import type { DataLoader } from '@trainyard/core'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { iterableLoader, loader, prefetch } from '../src/index.ts'
import { deferred, gather, numbers, settle } from './gather.ts'

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})

afterEach(async () => {
  await settle()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

/** A loader whose batches are finished by hand. */
function byHand(count: number) {
  const started: number[] = []
  const batches = numbers(count).map(() => deferred<void>())
  const data = loader(numbers(count), {
    batchSize: 1,
    transform: async ([n]) => {
      started.push(n!)
      await batches[n!]!.promise
      return n!
    },
  })
  return { data, started, batches }
}

test('works on so many batches at the same time, and on no more', async () => {
  const { data, started, batches } = byHand(9)
  const ahead = prefetch(data, { ahead: 3 }).epoch(0)[Symbol.asyncIterator]()
  const first = ahead.next()
  await settle()
  expect(started).toEqual([0, 1, 2, 3])
  for (const batch of batches) batch.resolve()
  expect(await first).toEqual({ done: false, value: 0 })
  await settle()
  expect(started).toEqual([0, 1, 2, 3])
  expect(await ahead.next()).toEqual({ done: false, value: 1 })
  await settle()
  expect(started).toEqual([0, 1, 2, 3, 4])
  await ahead.return?.()
})

test('keeps the order, whichever batch is ready first', async () => {
  const { data, batches } = byHand(5)
  const all = gather(prefetch(data, { ahead: 4 }))
  for (const n of [4, 2, 0, 3, 1]) {
    await settle()
    batches[n]!.resolve()
  }
  expect(await all).toEqual([0, 1, 2, 3, 4])
})

test('changes no value, for any delays, position and ahead', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 15 }),
      fc.nat(12),
      async (delays, ahead, from) => {
        const turns = async ([n]: number[]): Promise<number> => {
          for (let turn = 0; turn < delays[n!]!; turn++) await Promise.resolve()
          return n!
        }
        const data = loader(numbers(delays.length), { batchSize: 1, transform: turns })
        const stream = iterableLoader(
          async function* () {
            yield* numbers(delays.length)
          },
          { batchSize: 1, transform: turns },
        )
        const expected = numbers(delays.length).slice(from)
        expect(await gather(prefetch(data, { ahead }), 0, from)).toEqual(expected)
        expect(await gather(prefetch(stream, { ahead }), 0, from)).toEqual(expected)
        expect(prefetch(data, { ahead }).batches).toBe(delays.length)
      },
    ),
    { numRuns: 50 },
  )
})

test('reports an error after the batches before it, and nothing after it', async () => {
  const { data, started, batches } = byHand(8)
  const ahead = prefetch(data, { ahead: 3 }).epoch(0)[Symbol.asyncIterator]()
  const first = ahead.next()
  await settle()
  batches[2]!.reject(new Error('bad batch'))
  batches[3]!.reject(new Error('another'))
  await settle()
  batches[0]!.resolve()
  expect(await first).toEqual({ done: false, value: 0 })
  const second = ahead.next()
  batches[1]!.resolve()
  expect(await second).toEqual({ done: false, value: 1 })
  await expect(ahead.next()).rejects.toThrow('bad batch')
  expect(await ahead.next()).toEqual({ done: true, value: undefined })
  // It knew of the error before anybody asked, and began nothing new.
  expect(started).toEqual([0, 1, 2, 3])
})

test('stops on return: begins nothing more, and nobody hears of what fails later', async () => {
  const { data, started, batches } = byHand(8)
  const ahead = prefetch(data, { ahead: 3 }).epoch(0)[Symbol.asyncIterator]()
  const first = ahead.next()
  await settle()
  batches[0]!.resolve()
  await first
  expect(await ahead.return?.()).toEqual({ done: true, value: undefined })
  for (const batch of batches.slice(1, 4)) batch.reject(new Error('too late'))
  expect(await ahead.next()).toEqual({ done: true, value: undefined })
  await settle()
  expect(started).toEqual([0, 1, 2, 3])
})

test('stops reading a stream on return and closes it', async () => {
  const read: number[] = []
  let closed = false
  const stream = async function* (): AsyncGenerator<number> {
    try {
      for (const n of numbers(99)) {
        await Promise.resolve()
        read.push(n)
        yield n
      }
    } finally {
      closed = true
    }
  }
  for await (const _ of prefetch(iterableLoader(stream, { batchSize: 1 }), { ahead: 50 }).epoch(0)) break
  expect(closed).toBe(true)
  expect(read.length).toBeLessThan(10)
})

test('takes any loader, and one that is behind an async generator, too', async () => {
  const own: DataLoader<number> = {
    batches: 4,
    async *epoch(n, from) {
      for (let batch = from; batch < 4; batch++) yield n * 10 + batch
      if (n === 2) throw new Error('at the end')
    },
  }
  expect(prefetch(own).batches).toBe(4)
  expect(await gather(prefetch(own), 1, 1)).toEqual([11, 12, 13])
  await expect(gather(prefetch(own), 2)).rejects.toThrow('at the end')
})

test('asks an iterator for nothing more after its error, its end or a stop', async () => {
  let asked = 0
  const restless = (end: number): DataLoader<number> => ({
    epoch: () => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const value = asked++
          if (value === 2) throw new Error('once')
          return value < end ? { done: false, value } : { done: true, value: undefined }
        },
      }),
    }),
  })
  const shard = { rank: 0, size: 1 }
  const open = (end: number) =>
    prefetch(restless(end), { ahead: 2 }).epoch(0, 0, shard) as AsyncIterable<number>
  const failing = open(9)[Symbol.asyncIterator]()
  expect([(await failing.next()).value, (await failing.next()).value]).toEqual([0, 1])
  await expect(failing.next()).rejects.toThrow('once')
  expect((await failing.next()).done).toBe(true)
  expect(asked).toBe(3)

  asked = 3
  const ending = open(4)[Symbol.asyncIterator]()
  expect((await ending.next()).value).toBe(3)
  await settle()
  expect((await ending.next()).done).toBe(true)
  expect((await ending.next()).done).toBe(true)
  expect(asked).toBe(6)

  asked = 3
  const stopped = open(9)[Symbol.asyncIterator]()
  expect((await stopped.next()).value).toBe(3)
  await stopped.return?.()
  expect((await stopped.next()).done).toBe(true)
  expect(asked).toBe(6)
})

test('hands synchronous batches through', () => {
  const data = prefetch(loader(numbers(4), { batchSize: 2 }))
  expect([...data.epoch(0)]).toEqual([
    [0, 1],
    [2, 3],
  ])
})

test('bad input is named', () => {
  const data = loader(numbers(4), { batchSize: 2 })
  expect(() => prefetch(data, { ahead: 0 })).toThrow(
    '[data] `ahead` must be a whole number of at least 1, not 0',
  )
  expect(() => prefetch(undefined as never)).toThrow('[data] prefetch() needs a loader')
})
