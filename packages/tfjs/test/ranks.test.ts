import * as tf from '@tensorflow/tfjs'
import { single, type Strategy, Trainer, type TrainResult } from '@trainyard/core'
import { inProcessRanks } from '@trainyard/testing'
import { beforeAll, expect, test } from 'vitest'
import { crossEntropy, functionModule, layersModule, sgd, type TfModule, useBackend } from '../src/index.ts'
import { bucketsOf, RankSum } from '../src/rank-sum.ts'
import { bits, points } from './models.ts'

beforeAll(async () => {
  await useBackend('wasm')
})

function run(strategy: Strategy): { module: TfModule<never, never>; result: Promise<TrainResult> } {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [4], kernelInitializer: 'ones' })],
  })
  const module = layersModule({
    model,
    loss: crossEntropy,
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  })
  const trainer = new Trainer({
    module,
    data: points(50, { batchSize: 9, shuffle: true }),
    batchesPerStep: 2,
    maxEpochs: 2,
    strategy,
    callbacks: [{ reads: ['loss'] }],
  })
  return { module: module as never, result: trainer.train() }
}

test('three ranks train as one process does, with batches that do not divide evenly', async () => {
  const tensors = tf.memory().numTensors
  const ranks = inProcessRanks(3).map(run)
  const results = await Promise.all(ranks.map(({ result }) => result))
  const alone = run(single())
  const expected = await alone.result
  const states = await Promise.all(ranks.map(({ module }) => bits(module)))
  expect(states[1]).toEqual(states[0])
  expect(states[2]).toEqual(states[0])
  for (const result of results) expect(result.step).toBe(expected.step)
  expect(results[0]!.metrics['loss']).toBeCloseTo(expected.metrics['loss']!, 5)
  const weights = (module: TfModule<never, never>): Float32Array[] =>
    [...module.variables.values()].map((v) => v.dataSync() as Float32Array)
  for (const [i, values] of weights(ranks[0]!.module).entries())
    for (const [j, value] of values.entries()) expect(value).toBeCloseTo(weights(alone.module)[i]![j]!, 5)
  for (const { module } of [...ranks, alone]) {
    module.dispose()
    tf.dispose([...module.variables.values()])
  }
  expect(tf.memory().numTensors).toBe(tensors)
})

test('gradients are cut into full buckets, in order, with room for the numbers that go first', () => {
  const buckets = (sizes: readonly number[], head: number, most: number): string[] =>
    bucketsOf(
      sizes.map((size, i) => ({ size, name: 'abcd'[i]! })),
      head,
      most,
    ).map((bucket) => bucket.map(({ item, from, to }) => `${item.name}${from}-${to}`).join(' '))
  expect(buckets([3, 12, 2], 2, 5)).toEqual(['a0-3', 'b0-5', 'b5-10', 'b10-12 c0-2'])
  expect(buckets([3, 12, 2], 2, 1000)).toEqual(['a0-3 b0-12 c0-2'])
  expect(buckets([3, 2], 7, 5)).toEqual(['', 'a0-3 b0-2'])
  // A variable without values has its place, too.
  expect(buckets([2, 0, 3, 0], 0, 2)).toEqual(['a0-2', 'b0-0 c0-2', 'c2-3 d0-0'])
  expect(buckets([], 1, 5)).toEqual([''])
})

test('buckets of any size give the same means, whether changed in place or copied, and the flags', async () => {
  const thirds = (values: readonly number[]): number[] => values.map((sum) => Math.fround(sum / 3))
  const whole = [
    [
      ['v0', thirds([5, 5])],
      ['v1', thirds([2, 2, 2])],
      ['v2', thirds([11, 11, 11, 11, 11])],
    ],
    3,
    [1, 0],
  ]
  const reduce = (bucketBytes: number | undefined, isOwn: boolean): Promise<unknown[]> =>
    Promise.all(
      inProcessRanks(2).map(async (strategy, rank) => {
        const items = [2, 3, 5].map((size, i) => ({
          name: `v${i}`,
          shape: [size],
          size,
          values: i === 1 && rank === 1 ? undefined : tf.tensor1d(Array(size).fill(rank + i + 1)),
          weight: rank + 1,
          isOwn,
        }))
        const { means, examples, sums } = await new RankSum().over(items, rank + 1, [rank, 0], {
          ...strategy,
          bucketBytes,
        })
        const values = [...means].map(([name, mean]) => [name, [...mean.dataSync()]])
        for (const { values: given, name } of items) {
          // What is the caller's stays as it is; what was given away is freed, or given back.
          expect(given?.isDisposed ?? false).toBe(false)
          if (given) expect(means.get(name) === given).toBe(isOwn)
          if (given && !isOwn) expect(given.dataSync()[0]).toBe(rank + Number(name[1]) + 1)
        }
        tf.dispose([...means.values(), ...items.map((item) => item.values ?? [])])
        return [values, examples, sums]
      }),
    )
  const before = tf.memory().numTensors
  for (const bucketBytes of [undefined, 4, 8, 12, 20, 1000])
    for (const isOwn of [true, false]) expect(await reduce(bucketBytes, isOwn)).toEqual([whole, whole])
  expect(tf.memory().numTensors).toBe(before)
})

test('a reduction that fails frees what it was given', async () => {
  const before = tf.memory().numTensors
  const values = tf.ones([5])
  const shared = tf.clone(values)
  const items = [values, shared, tf.ones([3])].map((tensor, i) => ({
    name: `v${i}`,
    shape: tensor.shape,
    size: tensor.size,
    values: tensor,
    weight: 2,
    isOwn: true,
  }))
  let calls = 0
  const strategy = {
    ...inProcessRanks(1)[0]!,
    bucketBytes: 24,
    allReduce() {
      if (++calls === 2) throw new Error('a rank is gone')
    },
  }
  await expect(new RankSum().over(items, 2, [], strategy)).rejects.toThrow('a rank is gone')
  expect(tf.memory().numTensors).toBe(before)
})

test('one gradient of several variables is averaged for each', async () => {
  const values = [tf.variable(tf.ones([2])), tf.variable(tf.ones([2]))]
  const same = tf.customGrad((a, b) => ({
    value: tf.add(a as tf.Tensor, b as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => {
      const gradient = tf.mul(dy, 3)
      return [gradient, gradient]
    },
  }))
  const modules = inProcessRanks(2).map((strategy) => {
    const [a, b] = values.map((value) => tf.variable(value)) as [tf.Variable, tf.Variable]
    const module = functionModule({
      variables: { a, b },
      forward: () => ({ loss: tf.sum(same(a, b)) }),
      examples: () => 5,
      optimizer: sgd({ learningRate: 1 }),
    })
    return {
      a,
      b,
      trained: new Trainer({ module, data: points(50, { batchSize: 10 }), maxSteps: 1, strategy }).train(),
    }
  })
  for (const { a, b, trained } of modules) {
    await trained
    expect([...a.dataSync(), ...b.dataSync()]).toEqual([-2, -2, -2, -2])
  }
})

test('a module that was alone before reads its numbers right from the first step on several ranks', async () => {
  const modules = [0, 1].map(() => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 3, inputShape: [4], kernelInitializer: 'ones' })],
    })
    return layersModule({ model, loss: crossEntropy, optimizer: sgd({ learningRate: 0.1 }) })
  })
  const train = (strategy: Strategy, module: (typeof modules)[number]): Promise<TrainResult> =>
    new Trainer({
      module,
      data: points(50, { batchSize: 10 }),
      maxSteps: 1,
      strategy,
      callbacks: [{ reads: ['loss'] }],
    }).train()
  const alone = await Promise.all(modules.map((module) => train(single(), module)))
  // The weights have changed since, but not for the worse.
  const together = await Promise.all(
    inProcessRanks(2).map((strategy, rank) => train(strategy, modules[rank]!)),
  )
  expect(together[0]!.metrics['loss']).toBe(together[1]!.metrics['loss'])
  expect(together[0]!.metrics['loss']).toBeGreaterThan(0.1)
  expect(together[0]!.metrics['loss']).toBeLessThan(alone[0]!.metrics['loss']!)
})
