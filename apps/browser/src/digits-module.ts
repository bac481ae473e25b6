import * as tf from '@tensorflow/tfjs'
import { accuracy, adam, crossEntropy, layersModule, withRandom } from '@trainyard/tfjs'

/** Makes the network that the page trains; it is the same in a browser and in Node. Batches are `{ xs: [n, 28, 28, 1] from 0 to 1, ys: [n] }`. */
export function digitsModule() {
  const model = withRandom({ seed: 1 }, () =>
    tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 8, kernelSize: 5, activation: 'relu', inputShape: [28, 28, 1] }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 10 }),
      ],
    }),
  )
  return layersModule({
    model,
    loss: crossEntropy,
    metrics: { accuracy },
    optimizer: adam({ learningRate: 3e-3 }),
  })
}
