import * as tf from '@tensorflow/tfjs'
import { single, type StepContext, type Strategy, Trainer, type TrainResult } from '@trainyard/core'
import { inProcessRanks } from '@trainyard/testing'
import { beforeAll, expect, test } from 'vitest'
import { crossEntropy, layersModule, sgd, type TfModule, useBackend } from '../src/index.ts'
import { GradientSum } from '../src/gradient-sum.ts'
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
  const whole = [[thirds([5, 5]), thirds([2, 2, 2]), thirds([11, 11, 11, 11, 11])], 3, [1, 0]]
  const reduce = (bucketBytes: number | undefined, mayChange: boolean): Promise<unknown[]> =>
    Promise.all(
      inProcessRanks(2).map(async (strategy, rank) => {
        const items = [2, 3, 5].map((size, i) => ({
          shape: [size],
          size,
          values: i === 1 && rank === 1 ? undefined : tf.tensor1d(Array(size).fill(rank + i + 1)),
          weight: rank + 1,
          mayChange,
        }))
        const { means, examples, sums } = await new RankSum().over(items, rank + 1, [rank, 0], {
          ...strategy,
          bucketBytes,
        })
        const values = items.map((item) => [...means.get(item)!.dataSync()])
        for (const [i, item] of items.entries()) {
          if (!item.values) continue
          expect(means.get(item) === item.values).toBe(mayChange)
          if (!mayChange) expect(item.values.dataSync()[0]).toBe(rank + i + 1)
        }
        tf.dispose([...means.values(), ...items.map((item) => item.values ?? [])])
        return [values, examples, sums]
      }),
    )
  const before = tf.memory().numTensors
  for (const bucketBytes of [undefined, 4, 7, 8, 12, 20, 1000, Infinity])
    for (const mayChange of [true, false])
      expect(await reduce(bucketBytes, mayChange)).toEqual([whole, whole])
  expect(tf.memory().numTensors).toBe(before)
  for (const bucketBytes of [0, Number.NaN])
    await expect(reduce(bucketBytes, true)).rejects.toThrow(
      `[tfjs] \`bucketBytes\` of the strategy must be a number of bytes from 4, not ${bucketBytes}`,
    )
})

/** A step's gradients of which two variables have one; `c` is frozen, and has it, too. */
function sharedGradient(): { sum: GradientSum; variables: Map<string, tf.Variable> } {
  const gradient = tf.tensor1d([3, 3])
  const sum = new GradientSum()
  sum.add(new Map(['a', 'b', 'c', 'd'].map((name) => [name, name === 'd' ? tf.ones([4]) : gradient])), 5)
  const shapes = { a: [2], b: [2], d: [4] }
  return {
    sum,
    variables: new Map(
      Object.entries(shapes).map(([name, shape]) => [name, tf.tidy(() => tf.variable(tf.zeros(shape)))]),
    ),
  }
}

test('one gradient of several variables is averaged for each, also when one of them is frozen', async () => {
  const before = tf.memory().numTensors
  const reduced = await Promise.all(
    inProcessRanks(2).map(async (strategy) => {
      const { sum, variables } = sharedGradient()
      const scalars = { names: ['loss'], values: [10] }
      const { gradients, means } = await sum.reduce(variables, new Map(), contextOf(strategy), false, scalars)
      const values = [...gradients].map(([name, gradient]) => [name, [...gradient.dataSync()]])
      tf.dispose([...gradients.values(), ...variables.values()])
      return [...values, means!.get('loss')]
    }),
  )
  const expected = [['a', [3, 3]], ['b', [3, 3]], ['d', [1, 1, 1, 1]], 2]
  expect(reduced).toEqual([expected, expected])
  expect(tf.memory().numTensors).toBe(before)
})

test('a step that fails frees its gradients, whenever that is', async () => {
  const before = tf.memory().numTensors
  const gone = new Error('a rank is gone')
  for (const failsAt of [0, 1, 2]) {
    let calls = 0
    const strategy = {
      ...inProcessRanks(2)[0]!,
      bucketBytes: 24,
      allReduce() {
        if (++calls === failsAt) throw gone
      },
    }
    const { sum, variables } = sharedGradient()
    const scalars = failsAt === 0 ? Promise.reject(gone) : { names: [], values: [] }
    await expect(
      sum.reduce(variables, new Map(), contextOf(strategy), false, scalars) as Promise<unknown>,
    ).rejects.toBe(gone)
    tf.dispose([...variables.values()])
    expect(tf.memory().numTensors).toBe(before)
  }
})

function contextOf(strategy: Strategy): StepContext {
  return { step: 0, epoch: 0, batches: 1, examples: 5, stop: false, nonFinite: 'throw', strategy }
}

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
