import * as tf from '@tensorflow/tfjs'
import { Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { TensorboardLogger } from '@trainyard/tensorboard'
import { layersModule, meanSquaredError, sgd, useBackend } from '@trainyard/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { readEvents, readValues, scratch, writerTo } from './toy.ts'

beforeAll(() => useBackend('cpu'))

function model(): tf.LayersModel {
  return tf.sequential({
    name: 'net',
    layers: [
      tf.layers.dense({ units: 3, inputShape: [2], activation: 'relu', name: 'hidden' }),
      tf.layers.dense({ units: 1, name: 'out', kernelInitializer: 'ones' }),
    ],
  })
}

test('weights and gradients of a TensorFlow.js model are logged under the names of its variables', async () => {
  const directory = scratch()
  const xs = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i))
  const ys = Float32Array.from({ length: 16 }, (_, i) => i / 16)
  const net = model()
  const module = layersModule({ model: net, loss: meanSquaredError, optimizer: sgd({ learningRate: 0.5 }) })
  const logger = new TensorboardLogger(writerTo(directory), {
    stepFreq: 2,
    logWeights: true,
    logGradients: true,
    histogramsToLog: ['predictions'],
  })
  const data = loader(
    { xs: { data: xs, shape: [16, 2] }, ys: { data: ys, shape: [16, 1] } },
    { batchSize: 4 },
  )
  const before = tf.memory().numTensors
  await new Trainer({ module, data, maxEpochs: 1, callbacks: [logger] }).train()
  expect(tf.memory().numTensors).toBe(before)
  const histograms = readValues(directory).filter(({ data: { kind } }) => kind === 'histogram')
  const names = ['hidden/kernel', 'hidden/bias', 'out/kernel', 'out/bias']
  expect(histograms.map(({ tag, step }) => `${tag} ${step}`)).toEqual(
    [2, 4].flatMap((step) => [
      `predictions ${step}`,
      ...names.map((name) => `gradients/${name} ${step}`),
      ...names.map((name) => `weights/${name} ${step}`),
    ]),
  )
  expect(histograms.find(({ tag }) => tag === 'gradients/hidden/kernel')!.data).toMatchObject({ count: 6 })
  // The last weights are those of the model now.
  const kernel = net.getLayer('out').getWeights()[0]!.dataSync()
  expect(histograms.findLast(({ tag }) => tag === 'weights/out/kernel')!.data).toMatchObject({
    min: Math.min(...kernel),
    max: Math.max(...kernel),
  })
})

test('the graph of a model has its layers, a model in it as a box, with options and shapes', () => {
  const directory = scratch()
  const writer = writerTo(directory)
  const input = tf.input({ shape: [2], name: 'x' })
  const shared = tf.layers.dense({ units: 2, name: 'shared' })
  const once = shared.apply(input) as tf.SymbolicTensor
  const twice = shared.apply(once) as tf.SymbolicTensor
  const sum = tf.layers.add({ name: 'sum' }).apply([once, twice]) as tf.SymbolicTensor
  const output = model().apply(sum) as tf.SymbolicTensor
  writer.addGraph(tf.model({ inputs: input, outputs: output, name: 'all' }))
  writer.addImage('picture', tf.tensor3d([0, 1, 2, 3], [2, 2, 1], 'int32'), 1)
  writer.addScalar('scalar', tf.scalar(0.5), 1)
  writer.close()
  const graph = String(Buffer.from(readEvents(directory).find((event) => event.graph)!.graph!))
  for (const name of ['all/x', 'all/shared', 'all/shared_1', 'all/sum', 'all/net/hidden', 'all/net/out'])
    expect(graph).toContain(name)
  for (const option of ['activation', 'relu', 'units', 'parameters', '_output_shapes'])
    expect(graph).toContain(option)
  expect(readValues(directory).map(({ data: { kind } }) => kind)).toEqual(['image', 'scalar'])
})
