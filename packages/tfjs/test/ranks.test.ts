import * as tf from '@tensorflow/tfjs'
import { single, type Strategy, Trainer, type TrainResult } from '@trainyard/core'
import { inProcessRanks } from '@trainyard/testing'
import { beforeAll, expect, test } from 'vitest'
import { crossEntropy, layersModule, sgd, type TfModule, useBackend } from '../src/index.ts'
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
