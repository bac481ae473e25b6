import { describe, expect, test } from 'vitest'
import { loader, stack } from '../src/index.ts'
import { gather, numbers } from './gather.ts'

const tensor = (rows: number, ...rowShape: number[]) => {
  const values = rowShape.reduce((product, size) => product * size, rows)
  return { data: Float32Array.from(numbers(values)), shape: [rows, ...rowShape] }
}

describe('columns', () => {
  test('become batches of tensors with the same names and classes', () => {
    const data = loader({ xs: tensor(5, 2, 2), ys: Uint8Array.of(10, 11, 12, 13, 14) }, { batchSize: 2 })
    expect(data.batches).toBe(3)
    expect([...data.epoch(0)]).toEqual([
      {
        xs: { data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7), shape: [2, 2, 2] },
        ys: { data: Uint8Array.of(10, 11), shape: [2] },
      },
      {
        xs: { data: Float32Array.of(8, 9, 10, 11, 12, 13, 14, 15), shape: [2, 2, 2] },
        ys: { data: Uint8Array.of(12, 13), shape: [2] },
      },
      {
        xs: { data: Float32Array.of(16, 17, 18, 19), shape: [1, 2, 2] },
        ys: { data: Uint8Array.of(14), shape: [1] },
      },
    ])
  })

  test('stay aligned when they are shuffled, whatever the width of a row', () => {
    const ids = Int32Array.from(numbers(50))
    const columns = {
      ids,
      narrow: tensor(50, 3),
      wide: tensor(50, 40),
      big: BigInt64Array.from(numbers(50).map(BigInt)),
    }
    const seen: number[] = []
    for (const batch of loader(columns, { batchSize: 8, shuffle: true, seed: 3 }).epoch(1)) {
      batch.ids.data.forEach((id, row) => {
        seen.push(id)
        expect(batch.narrow.data[row * 3 + 2]).toBe(id * 3 + 2)
        expect(batch.wide.data.slice(row * 40, row * 40 + 40)).toEqual(
          columns.wide.data.slice(id * 40, id * 40 + 40),
        )
        expect(batch.big.data[row]).toBe(BigInt(id))
      })
    }
    expect(seen).not.toEqual(numbers(50))
    expect(seen.toSorted((a, b) => a - b)).toEqual(numbers(50))
  })

  test('are copied, so that a transform may write into a batch', () => {
    const xs = Float32Array.of(1, 2, 3, 4)
    const data = loader(
      { xs },
      {
        batchSize: 2,
        transform: (batch) => {
          batch.xs.data.fill(0)
          return batch
        },
      },
    )
    for (const batch of data.epoch(0)) expect(batch.xs.data).toEqual(Float32Array.of(0, 0))
    expect(xs).toEqual(Float32Array.of(1, 2, 3, 4))
  })

  test('may be views and Node buffers', () => {
    const file = Buffer.from([99, 1, 2, 3, 4])
    const [batch] = loader({ pixels: file.subarray(1) }, { batchSize: 4 }).epoch(0)
    expect(batch!.pixels.data.constructor).toBe(Uint8Array)
    expect([...batch!.pixels.data]).toEqual([1, 2, 3, 4])
  })

  test('are refused when they do not fit together', () => {
    const options = { batchSize: 2 }
    const bad: [unknown, string][] = [
      [
        { xs: tensor(5, 2), ys: new Int32Array(4) },
        'all columns must be equally long, but `xs` has 5 examples and `ys` has 4',
      ],
      [
        { xs: { data: new Float32Array(7), shape: [4, 2] } },
        'column `xs` has 7 values, but its shape [4, 2] needs 8',
      ],
      [
        { xs: { data: new Float32Array(3), shape: [1.5, 2] } },
        'column `xs` must have a shape of whole numbers, not [1.5, 2]',
      ],
      [
        { xs: { data: new Float32Array(2), shape: [-1, -2] } },
        'column `xs` must have a shape of whole numbers, not [-1, -2]',
      ],
      [
        { xs: { data: new Float32Array(1), shape: [] } },
        'column `xs` is a single number; its shape must begin with the number',
      ],
      [{ xs: [1, 2] }, 'column `xs` must be a typed array or { data: <typed array>, shape }, not an array'],
      [{ xs: null }, 'column `xs` must be a typed array or { data: <typed array>, shape }, not null'],
      [{ xs: new DataView(new ArrayBuffer(4)) }, 'not DataView'],
      [{}, 'the dataset has no columns; give it some, such as { xs, ys }'],
      [{ xs: new Float32Array(0) }, 'the dataset is empty'],
      [{ xs: { data: new Float32Array(0), shape: [0, 784] } }, 'the dataset is empty'],
    ]
    for (const [dataset, message] of bad)
      expect(() => loader(dataset as never, options)).toThrow(
        `[data] ${message}`.replace('[data] not', 'not'),
      )
    expect(() => loader({ xs: new Float32Array(4) }, { batchSize: 2, collate: stack } as never)).toThrow(
      '[data] `collate` has nothing to do for columns',
    )
  })
})

describe('arrays', () => {
  test('become lists of examples', () => {
    const data = loader(['a', 'b', 'c', 'd', 'e'], { batchSize: 2 })
    expect(data.batches).toBe(3)
    expect([...data.epoch(0)]).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  test('lose the last, short batch with dropLast', () => {
    const data = loader(['a', 'b', 'c', 'd', 'e'], { batchSize: 2, dropLast: true })
    expect(data.batches).toBe(2)
    expect([...data.epoch(0)]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    expect([...loader(['a', 'b'], { batchSize: 2, dropLast: true }).epoch(0)]).toEqual([['a', 'b']])
  })

  test('are collated first and transformed then, with the place of the batch in the run', () => {
    const data = loader(['a', 'b', 'c', 'd'], {
      batchSize: 2,
      collate: (letters) => letters.join(''),
      transform: (text, { epoch, batch, rank }) => `${text} ${epoch} ${batch} ${rank}`,
    })
    expect([...data.epoch(4)]).toEqual(['ab 4 0 0', 'cd 4 1 0'])
    expect([...data.epoch(4, 1)]).toEqual(['cd 4 1 0'])
    expect([...data.epoch(1, 0, { rank: 1, size: 2 })]).toEqual(['b 1 0 1', 'd 1 1 1'])
  })
})

describe('shuffling', () => {
  const data = loader(numbers(100), { batchSize: 8, shuffle: true, seed: 1 })
  const order = (n: number, from = 0): number[] => [...data.epoch(n, from)].flat()

  test('takes every example once, in another order in each epoch and for each seed', () => {
    const other = loader(numbers(100), { batchSize: 8, shuffle: true, seed: 2 })
    const orders = [order(0), order(1), order(2), [...other.epoch(0)].flat()]
    for (const one of orders) expect(one.toSorted((a, b) => a - b)).toEqual(numbers(100))
    expect(new Set(orders.map(String)).size).toBe(4)
  })

  test('gives the same batches at each call and from any batch on', () => {
    const straight = [...data.epoch(3)]
    data.epoch(5)
    for (let from = 0; from <= straight.length; from++)
      expect([...data.epoch(3, from)]).toEqual(straight.slice(from))
    expect([...data.epoch(3, 99)]).toEqual([])
  })

  test('opens a huge data set at its millionth batch without reading what comes before', () => {
    const read: number[] = []
    const huge = {
      length: 2 ** 33,
      get: (index: number) => {
        read.push(index)
        return index
      },
    }
    const [batch] = loader(huge, { batchSize: 64, shuffle: true }).epoch(0, 1_000_000)
    expect(batch).toHaveLength(64)
    expect(read).toEqual(batch)
    expect(Math.max(...read)).toBeGreaterThan(2 ** 32)
  })
})

describe('indexable data sets', () => {
  test('may give plain values, which stay synchronous', () => {
    const squares = { length: 5, get: (index: number) => index * index }
    const data = loader(squares, { batchSize: 2 })
    expect(data.batches).toBe(3)
    expect([...data.epoch(0)]).toEqual([[0, 1], [4, 9], [16]])
  })

  test('may give promises: an async iterable of batches, each read at once', async () => {
    let open = 0
    let most = 0
    const slow = {
      length: 5,
      get: async (index: number) => {
        most = Math.max(most, ++open)
        await Promise.resolve()
        open--
        return index
      },
    }
    const data = loader(slow, { batchSize: 2, transform: (batch) => batch.map((n) => -n) })
    expect(Symbol.iterator in data.epoch(0)).toBe(false)
    expect(await gather(data)).toEqual([[-0, -1], [-2, -3], [-4]])
    expect(most).toBe(2)
  })

  test('may be instances of classes, whose get uses this', () => {
    class Words {
      readonly #words = ['a', 'b', 'c']
      get length(): number {
        return this.#words.length
      }
      get(index: number): string {
        return this.#words[index]!
      }
    }
    expect([...loader(new Words(), { batchSize: 2 }).epoch(0)]).toEqual([['a', 'b'], ['c']])
  })

  test('that answer from a cache may mix promises and values', async () => {
    const cache = new Map<number, number>()
    const cached = {
      length: 4,
      get: (index: number): number | Promise<number> =>
        cache.get(index) ?? Promise.resolve(index).then((value) => cache.set(index, value).get(index)!),
    }
    const data = loader(cached, { batchSize: 2 })
    expect(await gather(data)).toEqual([
      [0, 1],
      [2, 3],
    ])
    cache.delete(3)
    expect(await gather(data, 1)).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  test('are told when a promise comes too late for a synchronous epoch', () => {
    const odd = {
      length: 4,
      get: (index: number): number | Promise<number> =>
        index < 2 ? index : Promise.reject(new Error('late')),
    }
    const batches = (loader(odd, { batchSize: 2 }).epoch(0) as Iterable<number[]>)[Symbol.iterator]()
    expect(batches.next().value).toEqual([0, 1])
    expect(() => batches.next()).toThrow(
      '[data] a batch came as a promise although the first one of the epoch did not',
    )
    expect(batches.next().done).toBe(true)
  })

  test('may fail: the error comes with its batch, and nothing after it', async () => {
    const failing = {
      length: 6,
      get: (index: number): Promise<number> =>
        index === 3 ? Promise.reject(new Error('disk')) : Promise.resolve(index),
    }
    const batches = loader(failing, { batchSize: 2 }).epoch(0)[Symbol.asyncIterator]()
    expect(await batches.next()).toEqual({ done: false, value: [0, 1] })
    await expect(batches.next()).rejects.toThrow('disk')
    expect(await batches.next()).toEqual({ done: true, value: undefined })
  })

  test('that throw and fail at once leave no unhandled rejection', async () => {
    const both = {
      length: 2,
      get: (index: number): Promise<number> => {
        if (index === 1) throw new Error('thrown')
        return Promise.reject(new Error('rejected'))
      },
    }
    expect(() => loader(both, { batchSize: 2 }).epoch(0)).toThrow('thrown')
  })
})

describe('async transforms', () => {
  test('make the loader async, and may be left before the end', async () => {
    const done: number[] = []
    const data = loader(numbers(6), {
      batchSize: 2,
      transform: async (batch, position) => {
        done.push(position.batch)
        return batch.length
      },
    })
    for await (const size of data.epoch(0)) {
      expect(size).toBe(2)
      break
    }
    expect(done).toEqual([0])
    expect(await gather(data, 0, 9)).toEqual([])
    expect(
      await gather(loader(numbers(2), { batchSize: 2, transform: async (batch) => batch }), 0, 9),
    ).toEqual([])
  })

  test('that fail before anybody asks leave no unhandled rejection', async () => {
    const data = loader(numbers(6), { batchSize: 2, transform: () => Promise.reject(new Error('early')) })
    const batches = data.epoch(0)[Symbol.asyncIterator]()
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
    await expect(batches.next()).rejects.toThrow('early')
  })
})

describe('options', () => {
  test('are checked when the loader is made', () => {
    const bad: [object | undefined, string][] = [
      [undefined, '`options` must be an object such as { batchSize: 64 }, not undefined'],
      [{}, '`batchSize` must be a whole number of at least 1, not undefined'],
      [{ batchSize: 0 }, '`batchSize` must be a whole number of at least 1, not 0'],
      [{ batchSize: 2.5 }, '`batchSize` must be a whole number of at least 1, not 2.5'],
      [{ batchSize: 2, seed: -1 }, '`seed` must be a whole number of at least 0, not -1'],
      [{ batchSize: 2, shuffle: 'yes' }, '`shuffle` must be true or false, not string yes'],
      [{ batchSize: 2, dropLast: 1 }, '`dropLast` must be true or false, not number 1'],
      [
        { batchSize: 2, shardRemainder: 'wrap' },
        '`shardRemainder` must be one of spread, pad, drop, not wrap',
      ],
      [{ batchSize: 2, collate: {} }, '`collate` must be a function, not an object'],
      [{ batchSize: 2, transform: 'x' }, '`transform` must be a function, not string x'],
      [
        { batchSize: 9, dropLast: true },
        '`dropLast` leaves no batch: `batchSize` is 9, but the dataset has only 4 examples',
      ],
    ]
    for (const [options, message] of bad)
      expect(() => loader(numbers(4), options as never)).toThrow(`[data] ${message}`)
  })

  test('ask for a data set that can be read by index', () => {
    const options = { batchSize: 2 }
    const bad: [unknown, string][] = [
      [[], 'the dataset is empty'],
      [{ length: 0, get: () => 1 }, 'the dataset is empty'],
      [{ length: 1.5, get: () => 1 }, "the dataset's `length` must be a whole number, not 1.5"],
      [{ get: () => 1 }, "the dataset's `length` must be a whole number, not undefined"],
      [
        undefined,
        '`dataset` must be an array of examples, columns such as { xs, ys }, or have `length` and get(index), not undefined',
      ],
      [
        new Float32Array(4),
        '`dataset` must be an array of examples, columns such as { xs, ys }, or have `length` and get(index), not Float32Array',
      ],
      [new Set([1]), 'a stream of examples is for iterableLoader()'],
    ]
    for (const [dataset, message] of bad) expect(() => loader(dataset as never, options)).toThrow(message)
  })

  test('meet the position that the trainer asks for, before anything is read', () => {
    const read: number[] = []
    const data = loader({ length: 9, get: (index: number) => read.push(index) }, { batchSize: 2 })
    const bad: [number, number, number, number, string][] = [
      [-1, 0, 0, 1, '`epoch` must be a whole number of at least 0, not -1'],
      [0, 0.5, 0, 1, '`from` must be a whole number of at least 0, not 0.5'],
      [0, 0, 2, 2, '`shard.rank` must be less than `shard.size`, which is 2, not 2'],
      [0, 0, 0, 0, '`shard.size` must be a whole number of at least 1, not 0'],
      [
        0,
        0,
        0,
        3,
        '`batchSize` 2 is too small for 3 ranks: it counts the examples of all of them together; make it at least 3',
      ],
    ]
    for (const [n, from, rank, size, message] of bad)
      expect(() => data.epoch(n, from, { rank, size })).toThrow(`[data] ${message}`)
    expect(read).toEqual([])
  })
})
