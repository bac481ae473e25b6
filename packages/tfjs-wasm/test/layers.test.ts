import * as tf from '@tensorflow/tfjs'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'
import { floats, ints, seeded as generator, tensor, type Values } from './compare.ts'

beforeAll(registerTrainingKernels)
afterAll(() => tf.disposeVariables())

const used = new Set<string>()

/** The layers, with a note of which are asked for. */
const layers = new Proxy(tf.layers, {
  get: (all, name: keyof typeof tf.layers) => {
    used.add(name)
    return all[name]
  },
})
const seeded = () => tf.initializers.glorotUniform({ seed: 3 })
const image = [6, 6, 2]
const series = [5, 3]
const volume = [4, 4, 4, 2]

type Block = (x: tf.SymbolicTensor) => tf.SymbolicTensor
const of =
  (...stack: tf.layers.Layer[]): Block =>
  (x) =>
    stack.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, x)

/** Merges two branches, with weights, of an input. */
const merged =
  (layer: { apply(x: tf.SymbolicTensor[]): unknown }): Block =>
  (x) => {
    const branch = (units: number) =>
      layers.dense({ units: 4, kernelInitializer: tf.initializers.glorotUniform({ seed: units }) })
    return layer.apply([branch(1).apply(x), branch(2).apply(x)] as tf.SymbolicTensor[]) as tf.SymbolicTensor
  }

const conv = { filters: 3, kernelSize: 3, kernelInitializer: 'ones' } as const
const recurrent = () => ({ units: 4, kernelInitializer: seeded(), recurrentInitializer: seeded() })

const blocks: Record<string, [shape: number[], make: () => Block]> = {
  conv1d: [series, () => of(layers.conv1d({ filters: 3, kernelSize: 2, kernelInitializer: seeded() }))],
  'conv1d, dilated': [
    series,
    () => of(layers.conv1d({ filters: 3, kernelSize: 2, dilationRate: 2, kernelInitializer: seeded() })),
  ],
  conv2d: [
    image,
    () => of(layers.conv2d({ ...conv, strides: 2, activation: 'relu', kernelInitializer: seeded() })),
  ],
  'conv2d, dilated': [
    image,
    () => of(layers.conv2d({ ...conv, dilationRate: 2, activation: 'relu', kernelInitializer: seeded() })),
  ],
  'conv2d, dilated, without an activation': [
    image,
    () => of(layers.conv2d({ ...conv, dilationRate: 2, kernelInitializer: seeded() })),
  ],
  'conv2d, dilated, with an activation of its own': [
    image,
    () => of(layers.conv2d({ ...conv, dilationRate: 2, activation: 'tanh', kernelInitializer: seeded() })),
  ],
  'depthwiseConv2d, dilated': [
    image,
    () => of(layers.depthwiseConv2d({ kernelSize: 2, dilationRate: [2, 2], depthwiseInitializer: seeded() })),
  ],
  conv2dTranspose: [
    image,
    () => of(layers.conv2dTranspose({ ...conv, strides: 2, kernelInitializer: seeded() })),
  ],
  conv3d: [volume, () => of(layers.conv3d({ ...conv, kernelSize: 2, kernelInitializer: seeded() }))],
  conv3dTranspose: [
    volume,
    () => of(layers.conv3dTranspose({ ...conv, kernelSize: 2, strides: 2, kernelInitializer: seeded() })),
  ],
  separableConv2d: [
    image,
    () =>
      of(
        layers.separableConv2d({
          filters: 3,
          kernelSize: 3,
          depthMultiplier: 2,
          depthwiseInitializer: seeded(),
          pointwiseInitializer: seeded(),
        }),
      ),
  ],
  depthwiseConv2d: [
    image,
    () => of(layers.depthwiseConv2d({ kernelSize: 3, depthwiseInitializer: seeded() })),
  ],
  'padding and cropping': [
    image,
    () =>
      of(
        layers.zeroPadding2d({ padding: 1 }),
        layers.cropping2D({
          cropping: [
            [1, 0],
            [0, 1],
          ],
        }),
      ),
  ],
  maxPooling1d: [
    series,
    () => of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.maxPooling1d({ poolSize: 2 })),
  ],
  maxPooling2d: [
    image,
    () => of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.maxPooling2d({ poolSize: 2 })),
  ],
  maxPooling3d: [
    volume,
    () =>
      of(
        layers.dense({ units: 2, kernelInitializer: seeded() }),
        layers.maxPooling3d({ poolSize: [2, 2, 2] }),
      ),
  ],
  averagePooling1d: [
    series,
    () =>
      of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.averagePooling1d({ poolSize: 2 })),
  ],
  averagePooling2d: [
    image,
    () =>
      of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.averagePooling2d({ poolSize: 2 })),
  ],
  averagePooling3d: [
    volume,
    () =>
      of(
        layers.dense({ units: 2, kernelInitializer: seeded() }),
        layers.averagePooling3d({ poolSize: [2, 2, 2] }),
      ),
  ],
  globalMaxPooling2d: [
    image,
    () => of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.globalMaxPooling2d({})),
  ],
  globalAveragePooling1d: [
    series,
    () => of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.globalAveragePooling1d({})),
  ],
  globalMaxPooling1d: [
    series,
    () => of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.globalMaxPooling1d({})),
  ],
  globalAveragePooling2d: [
    image,
    () => of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.globalAveragePooling2d({})),
  ],
  'rescaling and centerCrop': [
    image,
    () =>
      of(
        layers.rescaling({ scale: 2, offset: 0.5 }),
        layers.dense({ units: 2, kernelInitializer: seeded() }),
        layers.centerCrop({ height: 4, width: 4 }),
      ),
  ],
  batchNormalization: [
    image,
    () => of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.batchNormalization()),
  ],
  layerNormalization: [
    series,
    () => of(layers.dense({ units: 4, kernelInitializer: seeded() }), layers.layerNormalization()),
  ],
  dropout: [
    series,
    () => of(layers.dense({ units: 4, kernelInitializer: seeded() }), layers.dropout({ rate: 0.5, seed: 7 })),
  ],
  'layers that draw numbers': [
    series,
    () =>
      of(
        layers.dense({ units: 4, kernelInitializer: seeded() }),
        layers.gaussianNoise({ stddev: 0.3 }),
        layers.gaussianDropout({ rate: 0.3 }),
        layers.alphaDropout({ rate: 0.3 }),
        layers.spatialDropout1d({ rate: 0.3, seed: 7 }),
      ),
  ],
  'rnn of stacked cells': [
    series,
    () =>
      of(
        layers.rnn({
          cell: layers.stackedRNNCells({
            cells: [
              layers.simpleRNNCell(recurrent()),
              layers.gruCell(recurrent()),
              layers.lstmCell(recurrent()),
            ],
          }),
        }),
      ),
  ],
  simpleRNN: [series, () => of(layers.simpleRNN(recurrent()))],
  lstm: [series, () => of(layers.lstm({ ...recurrent(), returnSequences: true }))],
  gru: [series, () => of(layers.gru(recurrent()))],
  'bidirectional lstm': [
    series,
    () => of(layers.bidirectional({ layer: layers.lstm(recurrent()) as tf.RNN, mergeMode: 'concat' })),
  ],
  convLstm2d: [
    [3, 5, 5, 2],
    () =>
      of(
        layers.convLstm2d({
          ...conv,
          kernelSize: 2,
          kernelInitializer: seeded(),
          recurrentInitializer: seeded(),
        }),
      ),
  ],
  timeDistributed: [
    series,
    () => of(layers.timeDistributed({ layer: layers.dense({ units: 3, kernelInitializer: seeded() }) })),
  ],
  'repeatVector and permute': [
    [3],
    () =>
      of(
        layers.dense({ units: 4, kernelInitializer: seeded() }),
        layers.repeatVector({ n: 3 }),
        layers.permute({ dims: [2, 1] }),
      ),
  ],
  activations: [
    series,
    () =>
      of(
        ...['elu', 'selu', 'softplus', 'softsign', 'tanh', 'softmax', 'swish', 'mish', 'hardSigmoid'].map(
          (activation) =>
            layers.dense({ units: 4, activation: activation as 'elu', kernelInitializer: seeded() }),
        ),
      ),
  ],
  'activation and reshape': [
    series,
    () =>
      of(
        layers.dense({ units: 4, kernelInitializer: seeded() }),
        layers.activation({ activation: 'tanh' }),
        layers.reshape({ targetShape: [2, 10] }),
        layers.flatten(),
      ),
  ],
  'activation layers': [
    series,
    () =>
      of(
        layers.dense({ units: 4, kernelInitializer: seeded() }),
        layers.prelu({ alphaInitializer: 'ones' }),
        layers.leakyReLU(),
        layers.reLU({ maxValue: 6 }),
        layers.elu(),
        layers.thresholdedReLU({ theta: 0.1 }),
        layers.softmax({ axis: -1 }),
      ),
  ],
  masking: [series, () => of(layers.masking({ maskValue: 0 }), layers.lstm(recurrent()))],
  add: [[4], () => merged(layers.add())],
  multiply: [[4], () => merged(layers.multiply())],
  average: [[4], () => merged(layers.average())],
  maximum: [[4], () => merged(layers.maximum())],
  minimum: [[4], () => merged(layers.minimum())],
  concatenate: [[4], () => merged(layers.concatenate())],
  dot: [[4], () => merged(layers.dot({ axes: 1 }))],
}

/** Trains three steps and gives the losses. */
async function losses(
  backend: string,
  inputs: Values,
  targets: Values,
  block: () => Block,
): Promise<number[]> {
  await tf.setBackend(backend)
  const input = layers.input({ shape: inputs.shape.slice(1) })
  const top = block()(input)
  const flat = top.shape.length > 2 ? (layers.flatten().apply(top) as tf.SymbolicTensor) : top
  const output = layers.dense({ units: 2, kernelInitializer: seeded() }).apply(flat) as tf.SymbolicTensor
  const model = tf.model({ inputs: input, outputs: output })
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' })
  const x = tensor(inputs)
  const y = tensor(targets)
  const found: number[] = []
  const { random } = Math
  Math.random = generator()
  try {
    for (let step = 0; step < 3; step++) found.push((await model.trainOnBatch(x, y)) as number)
  } finally {
    Math.random = random
  }
  tf.dispose([x, y])
  model.dispose()
  return found
}

function expectEqualLosses(ours: number[], reference: number[]): void {
  for (const [step, loss] of ours.entries()) {
    const expected = reference[step]!
    expect(Math.abs(loss - expected)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(expected)))
  }
}

it.each(Object.entries(blocks))('%s trains as on the CPU backend', async (_, [shape, make]) => {
  const inputs = floats([4, ...shape])
  const targets = floats([4, 2])
  const ours = await losses('wasm', inputs, targets, make)
  const reference = await losses('cpu', inputs, targets, make)
  expectEqualLosses(ours, reference)
  expect(ours[0]).not.toBe(ours[2])
})

it('upSampling2d trains as on the CPU backend', async () => {
  // With one image: from the second on, the CPU backend reads its gradient from the wrong place.
  const make = () =>
    of(layers.dense({ units: 2, kernelInitializer: seeded() }), layers.upSampling2d({ size: [2, 2] }))
  const inputs = floats([1, ...image])
  const targets = floats([1, 2])
  const ours = await losses('wasm', inputs, targets, make)
  const reference = await losses('cpu', inputs, targets, make)
  expectEqualLosses(ours, reference)
})

it('an embedding trains as on the CPU backend', async () => {
  const inputs = ints([4, 5], 7)
  const floatIds: Values = { ...inputs, values: Float32Array.from(inputs.values), dtype: 'float32' }
  const targets = floats([4, 2])
  const make = () => of(layers.embedding({ inputDim: 7, outputDim: 3, embeddingsInitializer: seeded() }))
  const ours = await losses('wasm', floatIds, targets, make)
  const reference = await losses('cpu', floatIds, targets, make)
  expectEqualLosses(ours, reference)
})

it('layers that encode and resize give what they give on the CPU backend', async () => {
  const widths = async (backend: string): Promise<number[][]> => {
    await tf.setBackend(backend)
    const { random } = Math
    Math.random = generator()
    try {
      return tf.tidy(() => {
        const encoded = layers
          .categoryEncoding({ numTokens: 5, outputMode: 'multiHot' })
          .apply(tf.tensor2d([[1, 4, 0]], [1, 3], 'int32')) as tf.Tensor
        const pixels = tensor({
          shape: [1, 4, 6, 2],
          values: Float32Array.from({ length: 48 }, (_, i) => i),
          dtype: 'float32',
        })
        const wider = layers
          .randomWidth({ factor: 0.5, interpolation: 'bilinear' })
          .apply(pixels) as tf.Tensor
        const resized = layers.resizing({ height: 8, width: 5 }).apply(pixels) as tf.Tensor
        return [encoded, wider, resized].map((result) => [...result.shape, ...result.dataSync()])
      })
    } finally {
      Math.random = random
    }
  }
  const [ours, reference] = [await widths('wasm'), await widths('cpu')]
  expect(ours.map(({ length }) => length)).toEqual(reference.map(({ length }) => length))
  for (const [index, values] of ours.entries())
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(reference[index]![i]!, 4)
})

it('no layer is left out', () => {
  for (const [, make] of Object.values(blocks)) make()
  const alsoTested = new Set(['upSampling2d', 'embedding', 'categoryEncoding', 'randomWidth', 'resizing'])
  // The same layers by other names, classes to derive others from, and what is tested as a part of another.
  const others = /^avgPool|^maxPool\dd$|^globalMaxPool\dd$|^input$|^inputLayer$|^[A-Z]|^convLstm2dCell$/
  const missing = Object.keys(tf.layers).filter(
    (name) => !used.has(name) && !alsoTested.has(name) && !others.test(name),
  )
  expect(missing).toEqual([])
})
