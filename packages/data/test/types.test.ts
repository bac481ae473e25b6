import type { DataLoader, HostTensor } from '@trainyard/core'
import { expectTypeOf, test } from 'vitest'
import {
  type AsyncLoader,
  type Counted,
  type EitherLoader,
  iterableLoader,
  loader,
  prefetch,
  stack,
  type SyncLoader,
  take,
  type TypedTensor,
} from '../src/index.ts'

type Floats = TypedTensor<Float32Array<ArrayBuffer>>
type Ints = TypedTensor<Int32Array<ArrayBuffer>>

const options = { batchSize: 2 }
const xs = { data: new Float32Array(8), shape: [4, 2] }
const ys = new Int32Array(4)

test('batches of columns keep their names and the classes of their arrays', () => {
  const data = loader({ xs, ys }, options)
  expectTypeOf(data).toEqualTypeOf<SyncLoader<{ xs: Floats; ys: Ints }> & Counted>()
  expectTypeOf(data).toExtend<DataLoader<{ xs: HostTensor; ys: HostTensor }>>()

  interface Mnist {
    images: HostTensor
    labels: Uint8Array
  }
  const mnist: Mnist = { images: xs, labels: new Uint8Array(4) }
  const batches = loader(mnist, options)
  expectTypeOf(batches).toExtend<DataLoader<{ images: HostTensor; labels: TypedTensor<Uint8Array> }>>()
})

test('a transform of columns gets their batch and decides the type', () => {
  const data = loader({ xs, ys }, { batchSize: 2, transform: ({ xs: { data: values } }) => values[0]! })
  expectTypeOf(data).toEqualTypeOf<SyncLoader<number> & Counted>()
  // @ts-expect-error columns have nothing to collate
  expectTypeOf(() => loader({ xs }, { batchSize: 2, collate: (batch: unknown) => batch })).toBeFunction()
})

test('examples are lists until they are collated', () => {
  const examples = [{ xs: new Float32Array(2), ys: 1 }]
  expectTypeOf(loader(['a'], options)).toEqualTypeOf<SyncLoader<string[]> & Counted>()
  expectTypeOf(loader(examples, { batchSize: 2, collate: stack })).toEqualTypeOf<
    SyncLoader<{ xs: Floats; ys: Floats }> & Counted
  >()
  const lengths = loader(['a'], {
    batchSize: 2,
    collate: (words) => words.join(''),
    transform: (text) => text.length,
  })
  expectTypeOf(lengths).toEqualTypeOf<SyncLoader<number> & Counted>()
})

test('promises anywhere make an async loader, and a function that only may give one leaves it open', () => {
  const now = { length: 4, get: (index: number) => index }
  const later = { length: 4, get: (index: number) => Promise.resolve(index) }
  const perhaps = { length: 4, get: (index: number): number | Promise<number> => index }
  expectTypeOf(loader(now, options)).toEqualTypeOf<SyncLoader<number[]> & Counted>()
  expectTypeOf(loader(later, options)).toEqualTypeOf<AsyncLoader<number[]> & Counted>()
  expectTypeOf(loader(perhaps, options)).toEqualTypeOf<EitherLoader<number[]> & Counted>()
  const sums = loader(later, { batchSize: 2, transform: (batch) => batch.length })
  expectTypeOf(sums).toEqualTypeOf<AsyncLoader<number> & Counted>()
  const scaled = loader([1], { batchSize: 2, transform: async (batch) => batch[0]! })
  expectTypeOf(scaled).toEqualTypeOf<AsyncLoader<number> & Counted>()
})

test('streams are as sync as what they read', () => {
  expectTypeOf(iterableLoader(new Set([1]), options)).toEqualTypeOf<SyncLoader<number[]>>()
  const words = iterableLoader(
    async function* (epoch) {
      yield String(epoch)
    },
    { batchSize: 2, transform: (batch) => batch[0]!.length },
  )
  expectTypeOf(words).toEqualTypeOf<AsyncLoader<number>>()
})

test('take and prefetch leave the type of batches and their timing', () => {
  expectTypeOf(take(loader(['a'], options), 3).epoch(0)).toEqualTypeOf<Iterable<string[]>>()
  expectTypeOf(take(loader(['a'], options), 3).batches).toEqualTypeOf<number>()
  const stream = prefetch(iterableLoader((): AsyncIterable<string> => never(), options))
  expectTypeOf(stream.epoch).returns.toEqualTypeOf<AsyncIterable<string[]>>()
  expectTypeOf(stream.batches).toEqualTypeOf<number | undefined>()
  expectTypeOf(prefetch(take(loader({ xs, ys }, options), 1))).toExtend<
    DataLoader<{ xs: HostTensor; ys: HostTensor }>
  >()
  const own: DataLoader<number> = { epoch: () => [1] }
  expectTypeOf(take(own, 1)).toExtend<DataLoader<number>>()
})

test('a function over any type of example can make a loader of it', () => {
  expectTypeOf(make([1])).toEqualTypeOf<DataLoader<number[]>>()
})

function never(): never {
  throw new Error('not called')
}

function make<T>(examples: T[]): DataLoader<T[]> {
  return loader(examples, options)
}
