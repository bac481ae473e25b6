import * as tf from '@tensorflow/tfjs'
import { single, type Strategy, Trainer, type TrainResult } from '@trainyard/core'
import { inProcessRanks } from '@trainyard/testing'
import { beforeAll, expect, test } from 'vitest'
import { crossEntropy, layersModule, sgd, type TfModule, useBackend } from '../src/index.ts'
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

test('gradients are reduced in buckets, in order, with what is larger alone', () => {
  const sizes = (most: number): number[][] =>
    bucketsOf(
      [3, 4, 5, 20, 1, 9, 2].map((size) => ({ size })),
      most,
    ).map((bucket) => bucket.map(({ size }) => size))
  expect(sizes(10)).toEqual([[3, 4], [5], [20], [1, 9], [2]])
  expect(sizes(1000)).toEqual([[3, 4, 5, 20, 1, 9, 2]])
  expect(bucketsOf([], 10)).toEqual([[]])
})

test('several buckets give the same means as one, and the flags', async () => {
  const strategies = inProcessRanks(2)
  const reduce = (most: number): Promise<unknown[]> =>
    Promise.all(
      strategies.map(async (strategy, rank) => {
        const items = [2, 3, 1].map((size, i) => ({
          name: `v${i}`,
          shape: [size],
          size,
          values: i === 1 && rank === 1 ? undefined : tf.tensor1d(Array(size).fill(rank + i + 1)),
          weight: rank + 1,
        }))
        const { means, examples, sums } = await new RankSum().over(items, rank + 1, [rank, 0], strategy, most)
        tf.dispose(items.map(({ values }) => values ?? []))
        const values = [...means].map(([name, mean]) => [name, [...mean.dataSync()]])
        tf.dispose([...means.values()])
        return [values, examples, sums]
      }),
    )
  const [whole] = await reduce(1000)
  expect(await reduce(2)).toEqual([whole, whole])
  expect(whole).toEqual([
    [
      ['v0', [5, 5].map((sum) => Math.fround(sum / 3))],
      ['v1', [2, 2, 2].map((sum) => Math.fround(sum / 3))],
      ['v2', [Math.fround(11 / 3)]],
    ],
    3,
    [1, 0],
  ])
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
