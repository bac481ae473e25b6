import { expect, test } from 'vitest'
import { iterableLoader, prefetch } from '../src/index.ts'
import { deferred, gather, gatherRanks, numbers, settle } from './gather.ts'

test('a synchronous iterable gives synchronous batches, in each epoch anew', () => {
  const data = iterableLoader(new Set(['a', 'b', 'c']), { batchSize: 2 })
  expect([...data.epoch(0)]).toEqual([['a', 'b'], ['c']])
  expect([...data.epoch(1)]).toEqual([['a', 'b'], ['c']])
  expect(data.batches).toBeUndefined()
})

test('a function opens a stream for each epoch', async () => {
  const data = iterableLoader(
    async function* (epoch) {
      for (const n of numbers(5)) yield epoch * 10 + n
    },
    { batchSize: 2 },
  )
  expect(await gather(data, 3)).toEqual([[30, 31], [32, 33], [34]])
})

test('an async iterable that can be gone through again is opened for each epoch', async () => {
  let opened = 0
  const stream = {
    async *[Symbol.asyncIterator]() {
      opened++
      yield* numbers(3)
    },
  }
  const data = iterableLoader(stream, { batchSize: 2 })
  expect([await gather(data, 0), await gather(data, 1)]).toEqual([
    [[0, 1], [2]],
    [[0, 1], [2]],
  ])
  expect(opened).toBe(2)
})

test('the last, short batch stays or goes', () => {
  expect([...iterableLoader(numbers(5), { batchSize: 2, dropLast: true }).epoch(0)]).toEqual([
    [0, 1],
    [2, 3],
  ])
  expect([...iterableLoader(numbers(4), { batchSize: 2 }).epoch(0)]).toEqual([
    [0, 1],
    [2, 3],
  ])
  expect([...iterableLoader([], { batchSize: 2 }).epoch(0)]).toEqual([])
})

test('going on in the middle reads the examples before, but neither collates nor transforms them', () => {
  const read: number[] = []
  const collated: number[][] = []
  const transformed: number[] = []
  const data = iterableLoader(
    function* () {
      for (const n of numbers(7)) {
        read.push(n)
        yield n
      }
    },
    {
      batchSize: 2,
      collate: (examples) => collated.push(examples) && examples,
      transform: (batch, position) => transformed.push(position.batch) && batch,
    },
  )
  expect([...data.epoch(0, 2)]).toEqual([[4, 5], [6]])
  expect(read).toEqual(numbers(7))
  expect(collated).toEqual([[4, 5], [6]])
  expect(transformed).toEqual([2, 3])
  expect([...data.epoch(0, 9)]).toEqual([])
})

test('examples are read as batches are asked for, not before', () => {
  const read: number[] = []
  const endless = function* (): Generator<number> {
    for (let n = 0; ; n++) {
      read.push(n)
      yield n
    }
  }
  const batches = iterableLoader(endless, { batchSize: 3 }).epoch(0)[Symbol.iterator]()
  expect(batches.next().value).toEqual([0, 1, 2])
  expect(read).toEqual([0, 1, 2])
})

test('each rank takes its slice of each batch', async () => {
  expect(await gatherRanks(iterableLoader(six, { batchSize: 4 }), 2)).toEqual([
    [[0, 1], [4]],
    [[2, 3], [5]],
  ])
})

test('an async transform of a synchronous stream makes the loader async', async () => {
  const data = iterableLoader(numbers(4), { batchSize: 2, transform: async (batch) => batch.length })
  expect(await gather(data)).toEqual([2, 2])
})

test('the stream is closed when the epoch is left, and when a step fails', async () => {
  const closed: string[] = []
  const open = (name: string) =>
    function* () {
      try {
        yield* numbers(9)
      } finally {
        closed.push(name)
      }
    }
  const openAsync = async function* () {
    yield* open('async')()
  }
  for (const _ of iterableLoader(open('left'), { batchSize: 2 }).epoch(0)) break
  for (const _ of iterableLoader(open('left, probed'), { batchSize: 2, collate: String }).epoch(0)) break
  for await (const _ of iterableLoader(openAsync, { batchSize: 2 }).epoch(0)) break
  expect(closed).toEqual(['left', 'left, probed', 'async'])
  closed.length = 0

  expect(() => iterableLoader(open('first'), { batchSize: 2, collate: crash }).epoch(0)).toThrow('crash')
  const second = iterableLoader(open('second'), { batchSize: 2, collate: ([n]) => (n === 0 ? n : crash()) })
  expect(() => [...second.epoch(0)]).toThrow('crash')
  const later = { batchSize: 2, transform: async ([n]: number[]) => (n === 0 ? n : crash()) }
  await expect(gather(iterableLoader(open('third'), later))).rejects.toThrow('crash')
  await expect(gather(prefetch(iterableLoader(openAsync, later)))).rejects.toThrow('crash')
  await settle()
  expect(closed).toEqual(['first', 'second', 'third', 'async'])
})

test('what is being read when the epoch is left is not transformed', async () => {
  const reading = deferred<void>()
  const transformed: number[][] = []
  const slow = async function* (): AsyncGenerator<number> {
    yield 0
    await reading.promise
    yield 1
  }
  const transform = (batch: number[]) => transformed.push(batch)
  const batches = iterableLoader(slow, { batchSize: 1, transform }).epoch(0)[Symbol.asyncIterator]()
  await batches.next()
  const second = batches.next()
  await settle()
  const stopped = batches.return?.()
  reading.resolve()
  await stopped
  expect((await second).done).toBe(true)
  expect(transformed).toEqual([[0]])
})

test('an error of the stream comes after the batches before it', async () => {
  const batches = iterableLoader(breaking, { batchSize: 2 }).epoch(0)[Symbol.asyncIterator]()
  expect(await batches.next()).toEqual({ done: false, value: [0, 1] })
  await expect(batches.next()).rejects.toThrow('connection lost')
  expect(await batches.next()).toEqual({ done: true, value: undefined })
})

test('bad input is named', () => {
  expect(() => iterableLoader(numbers(3), { batchSize: -1 })).toThrow(
    '[data] `batchSize` must be a whole number of at least 1, not -1',
  )
  expect(() => iterableLoader('text' as never, { batchSize: 1 })).toThrow(
    '[data] `open` must be an iterable of examples or a function (epoch) => iterable, not string text',
  )
  expect(() => iterableLoader(() => 5 as never, { batchSize: 1 }).epoch(0)).toThrow(
    '[data] what `open` gives must be an iterable of examples or a function (epoch) => iterable, not number 5',
  )
  expect(() => iterableLoader(numbers(3), { batchSize: 1 }).epoch(0, 0, { rank: 0, size: 2 })).toThrow(
    '[data] `batchSize` 1 is too small for 2 ranks',
  )
})

async function* six(): AsyncGenerator<number> {
  yield* numbers(6)
}

async function* breaking(): AsyncGenerator<number> {
  yield* numbers(3)
  throw new Error('connection lost')
}

function crash(): never {
  throw new Error('crash')
}
