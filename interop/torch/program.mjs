// Trains three dense layers for 20 steps; prints the weights before, the batches and the losses, in JSON.
import * as tf from '@tensorflow/tfjs'
import { Trainer } from '@trainyard/core'
import { adam, crossEntropy, layersModule, useBackend, withRandom } from '@trainyard/tfjs'

const steps = 20
const batchCount = 4
const classes = 10
const widths = [784, 256, 128, classes]

await useBackend('wasm', console.error)
const model = withRandom({ seed: 1 }, () =>
  tf.sequential({
    layers: widths.slice(1).map((units, i) =>
      tf.layers.dense({
        units,
        inputShape: [widths[i]],
        ...(units === classes ? {} : { activation: 'relu' }),
      }),
    ),
  }),
)
const weights = model.getWeights().map((weight) => weight.arraySync())

const data = withRandom({ seed: 2 }, () =>
  Array.from({ length: batchCount }, () => ({
    xs: Array.from({ length: 64 }, () => Array.from({ length: widths[0] }, Math.random)),
    ys: Int32Array.from({ length: 64 }, () => Math.floor(classes * Math.random())),
  })),
)
const losses = []
const record = {
  name: 'losses',
  reads: ['loss'],
  onStepEnd: (state) => void losses.push(state.metrics.get('loss')),
}
const module = layersModule({ model, loss: crossEntropy, optimizer: adam({ learningRate: 0.001 }) })
await new Trainer({ module, data, maxSteps: steps, callbacks: [record] }).train()

const batches = data.map(({ xs, ys }) => ({ xs, ys: [...ys] }))
console.log(JSON.stringify({ weights, batches, losses }))
