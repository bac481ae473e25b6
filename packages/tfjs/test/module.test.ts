import * as tf from '@tensorflow/tfjs'
import {
  type Callback,
  EarlyStopping,
  every,
  type Host,
  onBatchEnd,
  onStepEnd,
  Trainer,
} from '@trainyard/core'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  adam,
  crossEntropy,
  functionModule,
  layersModule,
  meanAbsoluteError,
  meanSquaredError,
  sgd,
  useBackend,
} from '../src/index.ts'
import { bits, classifier, network, points } from './models.ts'

const leaked: tf.Tensor[] = []
const silent: Host = {
  now: () => performance.now(),
  turn: async () => {},
  print() {},
  warn() {},
  onSignal: () => () => {},
  setExitCode() {},
  exit() {},
}

describe.each(['cpu', 'wasm'] as const)('on the %s backend', (backend) => {
  beforeAll(async () => {
    expect(await useBackend(backend)).toBe(backend)
  })

  afterEach(() => {
    tf.disposeVariables()
  })

  test('a layers model learns, and evaluate() and predict() agree with it', async () => {
    const trainer = new Trainer({
      module: classifier({ optimizer: adam({ learningRate: 0.05 }) }),
      data: points(60, { shuffle: true }),
      validate: { data: points(30, { from: 60 }) },
      maxEpochs: 20,
    })
    const { metrics } = await trainer.train()
    expect(metrics['val_accuracy']).toBeGreaterThan(0.9)
    const { loss, accuracy: share } = await trainer.evaluate(points(30, { from: 60 }))
    expect(loss).toBe(metrics['val_loss'])
    expect(share).toBe(metrics['val_accuracy'])
    const predicted = await trainer.predict(points(20))
    expect(predicted.map(({ shape }) => shape)).toEqual([
      [8, 3],
      [8, 3],
      [4, 3],
    ])
  })

  test('a whole run leaves no tensor behind', async () => {
    const module = classifier({ optimizer: adam({ learningRate: 0.01, clipNorm: 1 }) })
    const before = tf.memory().numTensors
    const look = onStepEnd(async (state) => void (await state.tensors.read('predictions')))
    const trainer = new Trainer({
      module,
      data: points(30),
      batchesPerStep: 3,
      validate: { data: points(9), every: { steps: 1 } },
      maxEpochs: 3,
      callbacks: [look, { reads: ['loss', 'accuracy'] }],
    })
    await trainer.train()
    await trainer.evaluate()
    await trainer.predict(points(9))
    await module.updateState(await module.getState())
    module.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  test('a run that fails leaves no tensor behind either', async () => {
    const module = classifier({ optimizer: sgd({ learningRate: 0.01 }) })
    const before = tf.memory().numTensors
    for (const fail of [
      onBatchEnd((s) => s.batch === 2 && Promise.reject(new Error('here'))),
      onStepEnd(() => Promise.reject(new Error('here'))),
    ]) {
      const trainer = new Trainer({
        module,
        data: points(30),
        batchesPerStep: 2,
        maxEpochs: 1,
        callbacks: [fail, { reads: ['loss'] }],
      })
      await expect(trainer.train()).rejects.toThrow('here')
    }
    expect(tf.memory().numTensors).toBe(before)
  })

  test('an accumulated step equals one step on the concatenated batch, the short last one too', async () => {
    const run = async (batchSize: number, batchesPerStep: number): Promise<Float32Array[]> => {
      const model = tf.sequential({
        layers: [tf.layers.dense({ units: 3, inputShape: [4], kernelInitializer: 'ones' })],
      })
      const module = layersModule({
        model,
        loss: crossEntropy,
        optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
      })
      const result = await new Trainer({
        module,
        data: points(30, { batchSize }),
        batchesPerStep,
        maxEpochs: 2,
      }).train()
      expect(result.step).toBe(6)
      return model.getWeights().map((weight) => weight.dataSync() as Float32Array)
    }
    const [accumulated, concatenated] = [await run(4, 3), await run(12, 1)]
    for (const [i, weights] of accumulated.entries())
      for (const [j, value] of weights.entries()) expect(value).toBeCloseTo(concatenated[i]![j]!, 5)
  })

  test('batch norm learns, and its moving statistics are kept', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, inputShape: [4] }),
        tf.layers.batchNormalization(),
        tf.layers.dense({ units: 3 }),
      ],
    })
    const module = layersModule({ model, loss: crossEntropy, optimizer: sgd({ learningRate: 0.1 }) })
    const before = tf.memory().numTensors
    await new Trainer({ module, data: points(32), maxEpochs: 2 }).train()
    expect(tf.memory().numTensors).toBe(before)
    const { weights } = (await module.getState()) as { weights: Record<string, { data: Float32Array }> }
    expect(Object.keys(weights).filter((name) => name.includes('moving'))).toEqual([
      'batch_normalization_BatchNormalization1/moving_mean',
      'batch_normalization_BatchNormalization1/moving_variance',
    ])
    expect(
      Math.max(...weights['batch_normalization_BatchNormalization1/moving_mean']!.data.map(Math.abs)),
    ).toBeGreaterThan(0)
  })

  test('a frozen layer stays as it is, and goes on learning when it is thawed', async () => {
    const model = network()
    const module = layersModule({ model, loss: crossEntropy, optimizer: adam({ learningRate: 0.1 }) })
    const first = (): string => String(model.layers[0]!.getWeights()[0]!.dataSync())
    const start = first()
    model.layers[0]!.trainable = false
    const trainer = new Trainer({
      module,
      data: points(24),
      maxEpochs: 2,
      callbacks: [
        { onEpochEnd: () => void (expect(first()).toBe(start), (model.layers[0]!.trainable = true)) },
      ],
      maxSteps: 3,
    })
    await trainer.train()
    expect(first()).toBe(start)
    await new Trainer({ module, data: points(24), maxEpochs: 1 }).train()
    expect(first()).not.toBe(start)
  })

  test('a function over variables with two optimizers, each with its loss', async () => {
    const variables = { 'a/w': tf.variable(tf.scalar(4)), 'b/w': tf.variable(tf.scalar(4)) }
    const module = functionModule<{ xs: number }, { loss: tf.Scalar; a: tf.Scalar; b: tf.Scalar }>({
      variables,
      forward({ xs }) {
        const a = tf.square(tf.sub(variables['a/w'], xs)).asScalar()
        const b = tf.square(tf.add(variables['b/w'], xs)).asScalar()
        return { a, b, loss: tf.add(a, b).asScalar() }
      },
      optimizers: [
        { optimizer: sgd({ learningRate: 0.25 }), variables: (name) => name.startsWith('a/'), loss: 'a' },
        { optimizer: sgd({ learningRate: 0.5 }), variables: (name) => name.startsWith('b/'), loss: 'b' },
      ],
    })
    const before = tf.memory().numTensors
    await new Trainer({ module, data: [{ xs: 2 }], maxEpochs: 2 }).train()
    expect([variables['a/w'].dataSync()[0], variables['b/w'].dataSync()[0]]).toEqual([2.5, -2])
    expect(module.optimizers.map(({ iterations }) => iterations)).toEqual([2, 2])
    module.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  test('several losses on one model: each under its name, `loss` is their sum, regularizers included', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 1,
          inputShape: [1],
          kernelInitializer: 'ones',
          kernelRegularizer: tf.regularizers.l2({ l2: 0.5 }),
        }),
      ],
    })
    const module = layersModule({
      model,
      loss: { squared: meanSquaredError, absolute: meanAbsoluteError },
      optimizer: sgd({ learningRate: 0 }),
    })
    const trainer = new Trainer({
      module,
      data: [{ xs: [[1], [2]], ys: [[3], [3]] }],
      maxEpochs: 1,
      callbacks: [{ reads: ['loss', 'squared', 'absolute'] }],
    })
    const { metrics } = await trainer.train()
    expect(metrics).toEqual({ loss: 2.5 + 1.5 + 0.5, squared: 2.5, absolute: 1.5 })
  })

  test('a tf.Optimizer is accepted as it is', async () => {
    const module = classifier({ optimizer: tf.train.adam(0.05) })
    const { metrics } = await new Trainer({
      module,
      data: points(60),
      validate: { data: points(30) },
      maxEpochs: 10,
    }).train()
    expect(metrics['val_accuracy']).toBeGreaterThan(0.8)
  })

  test("the same seed gives the same run, another seed another dropout, and Math.random stays the process's own", async () => {
    const run = async (seed: number): Promise<unknown> => {
      const module = classifier({ optimizer: sgd({ learningRate: 0.1 }), seed })
      await new Trainer({ module, data: points(24, { shuffle: true }), maxEpochs: 2 }).train()
      return bits(module)
    }
    const own = Math.random
    const [one, again, other] = [await run(1), await run(1), await run(2)]
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    expect(Math.random).toBe(own)
  })

  test('a NaN loss ends the run before it reaches the weights; `skip` leaves the update out', async () => {
    const variable = tf.variable(tf.scalar(1))
    const make = () =>
      functionModule<{ xs: number }, { loss: tf.Scalar }>({
        variables: { w: variable },
        forward: ({ xs }) => ({ loss: tf.mul(variable, xs).asScalar() }),
        optimizer: sgd({ learningRate: 0.5 }),
      })
    await expect(
      new Trainer({ module: make(), data: [{ xs: NaN }], maxEpochs: 1, host: silent }).train(),
    ).rejects.toThrow('[core] the loss or a gradient is NaN or infinite at step 0 (epoch 0, batch 1)')
    expect(variable.dataSync()[0]).toBe(1)
    await new Trainer({
      module: make(),
      data: [{ xs: NaN }, { xs: 1 }],
      maxEpochs: 1,
      nonFinite: 'skip',
      host: silent,
    }).train()
    expect(variable.dataSync()[0]).toBe(0.5)
  })

  test('a gradient that is not finite under a finite loss is not applied either', async () => {
    const variable = tf.variable(tf.scalar(0))
    const forward = ({ xs }: { xs: tf.Tensor }) => ({ loss: tf.sqrt(tf.mul(variable, xs)).asScalar() })
    const module = functionModule<{ xs: number }, { loss: tf.Scalar }>({
      variables: { w: variable },
      forward,
      optimizer: sgd({ learningRate: 0.5 }),
    })
    await expect(
      new Trainer({ module, data: [{ xs: 1 }], maxEpochs: 1, host: silent }).train(),
    ).rejects.toThrow('NaN or infinite at step 0')
    expect(variable.dataSync()[0]).toBe(0)
  })

  test('a batch that is left out leaves no NaN in the statistics of batch norm', async () => {
    const model = tf.sequential({
      layers: [tf.layers.batchNormalization({ inputShape: [4] }), tf.layers.dense({ units: 3 })],
    })
    const module = layersModule({ model, loss: crossEntropy, optimizer: sgd({ learningRate: 0.1 }) })
    const before = tf.memory().numTensors
    const bad = { xs: [[NaN, 1, 1, 1]], ys: new Int32Array([0]) }
    const good = { xs: [[1, 2, 3, 4]], ys: new Int32Array([1]) }
    await new Trainer({
      module,
      data: [good, bad, good, good],
      batchesPerStep: 2,
      maxEpochs: 1,
      nonFinite: 'skip',
      host: silent,
    }).train()
    for (const variable of module.variables.values())
      expect([...variable.dataSync()].every(Number.isFinite)).toBe(true)
    expect(tf.memory().numTensors).toBe(before)
  })

  test('`skip` also leaves out an update whose loss is finite and whose gradient is not', async () => {
    const variable = tf.variable(tf.scalar(0))
    const module = functionModule<{ xs: number }, { loss: tf.Scalar }>({
      variables: { w: variable },
      forward: ({ xs }) => ({ loss: tf.sqrt(tf.mul(variable, xs)).asScalar() }),
      optimizer: sgd({ learningRate: 0.5 }),
    })
    const warnings: string[] = []
    await new Trainer({
      module,
      data: [{ xs: 1 }],
      maxEpochs: 1,
      nonFinite: 'skip',
      host: { ...silent, warn: (line) => void warnings.push(line) },
    }).train()
    expect(variable.dataSync()[0]).toBe(0)
    expect(warnings).toHaveLength(1)
  })
})

test.each([
  [
    'at each step',
    onStepEnd((): void => void leaked.push(tf.scalar(1), tf.scalar(2))),
    '16 tensors are left of 8 calls (onStepEnd)',
  ],
  [
    'now and then',
    onStepEnd(every(2)((): void => void leaked.push(tf.scalar(1)))),
    '4 tensors are left of 4 calls (onStepEnd)',
  ],
  [
    'after a wait',
    onBatchEnd(async () => void leaked.push(await Promise.resolve().then(() => tf.scalar(1)))),
    '8 tensors are left of 8 calls (onBatchEnd)',
  ],
])('a callback that leaks %s is named, once', async (_when, leaky, what) => {
  await useBackend('cpu')
  const warnings: string[] = []
  const module = classifier({ optimizer: sgd({ learningRate: 0.1 }) })
  await new Trainer({
    module,
    data: points(64),
    maxEpochs: 4,
    callbacks: [{ ...leaky, name: 'leaky' }],
    host: { ...silent, warn: (line) => void warnings.push(line) },
  }).train()
  tf.dispose(leaked.splice(0))
  expect(warnings).toEqual([
    `[tfjs] callback "leaky" leaks: ${what}; wrap its work in tf.tidy(), or dispose of what it makes`,
  ])
})

test('a callback that fills a cache, or gathers over an epoch and frees at its end, is not named', async () => {
  await useBackend('cpu')
  const warnings: string[] = []
  const gathered: tf.Tensor[] = []
  let cache: tf.Tensor | undefined
  const tidy: Callback = {
    name: 'tidy',
    onStepEnd: () => void gathered.push((cache ??= tf.scalar(3)).add(1)),
    onEpochEnd: () => tf.dispose(gathered.splice(0)),
  }
  const module = classifier({ optimizer: sgd({ learningRate: 0.1 }) })
  await new Trainer({
    module,
    data: points(64),
    maxEpochs: 4,
    callbacks: [tidy],
    host: { ...silent, warn: (line) => void warnings.push(line) },
  }).train()
  cache?.dispose()
  expect(warnings).toEqual([])
})

test('early stopping, monitors and logs know the names of the outputs', () => {
  const module = classifier({ optimizer: sgd({ learningRate: 0.1 }) })
  const options = { module, data: points(8), maxEpochs: 1 }
  void new Trainer({ ...options, callbacks: [new EarlyStopping({ monitor: 'val_accuracy', mode: 'max' })] })
  // @ts-expect-error a misspelt metric does not compile
  void new Trainer({ ...options, callbacks: [new EarlyStopping({ monitor: 'val_acuracy' })] })
  // @ts-expect-error a module has no such tensor
  expect(module.tensor('acuracy').name).toBe('acuracy')
})
