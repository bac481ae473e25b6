import * as tf from '@tensorflow/tfjs'
import { Trainer } from '@trainyard/core'
import { beforeAll, expect, test } from 'vitest'
import { crossEntropy, functionModule, layersModule, sgd, useBackend } from '../src/index.ts'
import { classifier, network, points } from './models.ts'

beforeAll(async () => {
  await useBackend('cpu')
})

const optimizer = () => sgd({ learningRate: 0.1 })
const variables = { w: tf.variable(tf.ones([2])) }

test('an unknown backend is refused with the ones there are', async () => {
  await expect(useBackend('gpu' as never)).rejects.toThrow(
    '[tfjs] `useBackend` knows auto, node-gpu, node, webgpu, wasm, cpu, not gpu',
  )
})

test('a loss that is no scalar, or is missing, is named with its shape', async () => {
  const train = (forward: () => { loss: tf.Scalar }): Promise<unknown> =>
    new Trainer({
      module: functionModule<{ xs: number[] }, { loss: tf.Scalar }>({
        variables,
        forward,
        optimizer: optimizer(),
      }),
      data: [{ xs: [1] }],
      maxEpochs: 1,
    }).train()
  await expect(train(() => ({ loss: tf.square(variables.w) as never }))).rejects.toThrow(
    '[tfjs] the loss "loss" must be a scalar, but has shape [2]; take tf.mean() of it',
  )
  await expect(train(() => ({ cost: tf.sum(variables.w) }) as never)).rejects.toThrow(
    '[tfjs] `forward` gives no tensor "loss", only: cost',
  )
})

test.each([
  [
    'no optimizer',
    () => functionModule({ variables, forward: (() => {}) as never }),
    '[tfjs] pass either `optimizer`, or `optimizers: [{ optimizer, variables, loss }]`',
  ],
  [
    'two kinds of optimizers',
    () => functionModule({ variables, forward: (() => {}) as never, optimizer: optimizer(), optimizers: [] }),
    '[tfjs] pass either `optimizer`',
  ],
  [
    'a variable with two optimizers',
    () =>
      functionModule({
        variables,
        forward: (() => {}) as never,
        optimizers: [{ optimizer: optimizer() }, { optimizer: optimizer() }],
      }),
    '[tfjs] variable "w" belongs to 2 of the `optimizers`',
  ],
  [
    'no function',
    () => functionModule({ variables, forward: 3 as never, optimizer: optimizer() }),
    '[tfjs] `forward` must be a function',
  ],
  [
    'a tensor for a variable',
    () =>
      functionModule({
        variables: { w: tf.ones([1]) as never },
        forward: (() => {}) as never,
        optimizer: optimizer(),
      }),
    '[tfjs] `variables.w` must be a tf.Variable',
  ],
  [
    'a fractional seed',
    () => classifier({ optimizer: optimizer(), seed: 0.5 }),
    '[tfjs] `seed` must be a whole number, not 0.5',
  ],
  [
    'no model',
    () => layersModule({ model: {} as never, loss: crossEntropy, optimizer: optimizer() }),
    '[tfjs] `model` must be a tf.LayersModel',
  ],
  [
    'a loss by name',
    () =>
      layersModule({ model: network(), loss: 'categoricalCrossentropy' as never, optimizer: optimizer() }),
    '[tfjs] loss or metric "0" must be a function such as crossEntropy',
  ],
  [
    'no loss',
    () => layersModule({ model: network(), loss: {}, optimizer: optimizer() }),
    '[tfjs] `loss` must be a function such as crossEntropy, or a record of functions',
  ],
  [
    'a metric called targets',
    () =>
      layersModule({
        model: network(),
        loss: crossEntropy,
        metrics: { targets: crossEntropy },
        optimizer: optimizer(),
      }),
    '[tfjs] "targets" is the name of an output already',
  ],
  [
    'seeded dropout',
    () =>
      layersModule({
        model: tf.sequential({ layers: [tf.layers.dropout({ rate: 0.5, seed: 4, inputShape: [4] })] }),
        loss: crossEntropy,
        optimizer: optimizer(),
      }),
    'has a `seed`, with which TensorFlow.js drops the same units at every step',
  ],
])('%s is refused when it is given', (_name, make, message) => {
  expect(make).toThrow(message)
})

test('a batch without targets cannot be trained on', async () => {
  await expect(
    new Trainer({
      module: classifier({ optimizer: optimizer() }),
      data: [{ xs: tf.ones([2, 4]) }],
      maxEpochs: 1,
    }).train(),
  ).rejects.toThrow('[tfjs] the batch has no `ys`')
})

test.each([
  [
    { xs: { data: new Float32Array(7), shape: [2, 4] }, ys: [0, 1] },
    '[tfjs] `xs` of the batch has 7 values, but its shape [2,4] needs 8',
  ],
  [
    { xs: { data: new BigInt64Array(8), shape: [2, 4] }, ys: [0, 1] },
    '[tfjs] `xs` of the batch is a BigInt64Array, which TensorFlow.js cannot hold',
  ],
  [
    { xs: 'digits', ys: [0, 1] },
    '[tfjs] `xs` of the batch must be a tensor, { data, shape }, a typed array or numbers, not digits',
  ],
])('a batch that makes no tensors is refused: %o', async (batch, message) => {
  const before = tf.memory().numTensors
  const module = classifier({ optimizer: optimizer() })
  const made = tf.memory().numTensors
  await expect(new Trainer({ module, data: [batch as never], maxEpochs: 1 }).train()).rejects.toThrow(message)
  expect(tf.memory().numTensors).toBe(made)
  expect(made).toBeGreaterThan(before)
})

test('a state that does not fit is refused whole, naming every weight', async () => {
  const module = classifier({ optimizer: optimizer() })
  await new Trainer({ module, data: points(8), maxEpochs: 1 }).train()
  const state = await module.getState()
  const weights = { ...(state['weights'] as Record<string, unknown>) }
  weights['dense_Dense1/kernel'] = { shape: [4, 9], data: new Float32Array(36) }
  weights['extra'] = weights['dense_Dense2/bias']
  delete weights['dense_Dense2/bias']
  const before = JSON.stringify(await module.getState())
  await expect(module.updateState({ ...state, weights: weights as never })).rejects.toThrow(
    '[tfjs] the saved weights do not fit this model: "dense_Dense1/kernel" has shape [4,9], not [4,8]; "dense_Dense2/bias" is missing; "extra" is not a variable of this model',
  )
  await expect(module.updateState({ ...state, optimizers: [] })).rejects.toThrow(
    '[tfjs] the state has 0 optimizers, the module 1',
  )
  expect(JSON.stringify(await module.getState())).toBe(before)
})

test('a model with several inputs is sent to functionModule()', () => {
  const [a, b] = [tf.input({ shape: [2] }), tf.input({ shape: [2] })]
  const model = tf.model({ inputs: [a, b], outputs: tf.layers.add().apply([a, b]) as tf.SymbolicTensor })
  expect(() => layersModule({ model, loss: crossEntropy, optimizer: optimizer() })).toThrow(
    '[tfjs] the model has 2 inputs and 1 outputs; layersModule() takes one of each, functionModule() any',
  )
})

test('an empty batch, a target that is no class and an output that is no tensor are named', async () => {
  const train = (batch: never): Promise<unknown> =>
    new Trainer({ module: classifier({ optimizer: optimizer() }), data: [batch], maxEpochs: 1 }).train()
  await expect(train({ xs: { data: new Float32Array(0), shape: [0, 4] }, ys: [] } as never)).rejects.toThrow(
    '[tfjs] the batch is empty: it has 0 examples',
  )
  await expect(train({ xs: tf.ones([2, 4]), ys: tf.tensor1d([0, 3], 'int32') } as never)).rejects.toThrow(
    '[tfjs] crossEntropy: target 3 is not a class; there are 3, counted from 0',
  )
  const forward = () => ({ loss: tf.sum(variables.w), name: 'x' }) as never
  await expect(
    new Trainer({
      module: functionModule({ variables, forward, optimizer: optimizer() }),
      data: [{ xs: [1] }],
      maxEpochs: 1,
    }).train(),
  ).rejects.toThrow('[tfjs] output "name" of `forward` is not a tensor, but x')
})

test('a step that fails in the middle leaves no tensor behind', async () => {
  const apart = tf.variable(tf.scalar(1))
  let batches = 0
  const module = functionModule<{ xs: number[] }, { loss: tf.Scalar; other: tf.Scalar }>({
    variables: { ...variables, apart },
    forward({ xs }) {
      if (++batches % 2 === 0) throw new Error('second pass')
      const loss = tf.sum(tf.mul(variables.w, xs)).asScalar()
      return { loss, other: loss }
    },
    optimizers: [
      { optimizer: optimizer(), variables: (name) => name === 'w' },
      { optimizer: optimizer(), variables: (name) => name === 'apart', loss: 'other' },
    ],
  })
  const before = tf.memory().numTensors
  await expect(new Trainer({ module, data: [{ xs: [1] }], maxEpochs: 1 }).train()).rejects.toThrow(
    'second pass',
  )
  expect(tf.memory().numTensors).toBe(before)
})

test('outputs that are variables, constants or the same tensor twice are freed once, and theirs stay', async () => {
  const constant = tf.scalar(5)
  const module = functionModule<
    { xs: number[] },
    { loss: tf.Scalar; same: tf.Scalar; constant: tf.Scalar; weight: tf.Tensor }
  >({
    variables,
    forward({ xs }) {
      const loss = tf.sum(tf.mul(variables.w, xs)).asScalar()
      return { loss, same: loss, constant, weight: variables.w }
    },
    optimizer: optimizer(),
  })
  const before = tf.memory().numTensors
  await new Trainer({
    module,
    data: [{ xs: [1] }, { xs: [2] }, { xs: [3] }],
    batchesPerStep: 3,
    maxEpochs: 1,
    callbacks: [{ reads: ['loss'] }],
  }).train()
  expect(tf.memory().numTensors).toBe(before)
  expect([constant.isDisposed, variables.w.isDisposed]).toEqual([false, false])
})
