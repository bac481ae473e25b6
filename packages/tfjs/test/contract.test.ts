import * as tf from '@tensorflow/tfjs'
import type { HostTensor } from '@trainyard/core'
import { testModule } from '@trainyard/testing'
import { beforeAll, describe, test } from 'vitest'
import {
  accuracy,
  adam,
  crossEntropy,
  functionModule,
  layersModule,
  sgd,
  useBackend,
  withRandom,
} from '../src/index.ts'

beforeAll(async () => void (await useBackend('wasm', () => {})))

/** Batches of four points, with the class that each belongs to. */
const batches = Array.from({ length: 5 }, (_, batch) => {
  const data = Float32Array.from({ length: 12 }, (_value, i) => Math.sin(12 * batch + i))
  const ys = Int32Array.from({ length: 4 }, (_value, i) => Number(data[3 * i]! > 0))
  return { xs: { data, shape: [4, 3] }, ys }
})

describe('a module of layers, with dropout and batch norm,', () => {
  testModule(test, {
    create: () =>
      layersModule({
        model: withRandom({ seed: 1 }, () =>
          tf.sequential({
            layers: [
              tf.layers.dense({ units: 8, activation: 'relu', inputShape: [3] }),
              tf.layers.batchNormalization(),
              tf.layers.dropout({ rate: 0.3 }),
              tf.layers.dense({ units: 2 }),
            ],
          }),
        ),
        loss: crossEntropy,
        metrics: { accuracy },
        optimizer: adam({ learningRate: 0.01 }),
      }),
    batches,
  })
})

describe('a module of a function', () => {
  testModule<{ xs: HostTensor; ys: Int32Array }>(test, {
    create() {
      const kernel = tf.variable(tf.mul(tf.ones([3, 2]), 0.1))
      return functionModule<{ xs: HostTensor; ys: Int32Array }, { loss: tf.Scalar; scores: tf.Tensor }>({
        variables: { kernel },
        forward({ xs, ys }) {
          const scores = tf.matMul(xs as tf.Tensor2D, kernel as tf.Tensor as tf.Tensor2D)
          return { loss: crossEntropy(ys, scores), scores }
        },
        optimizer: sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
      })
    },
    batches,
  })
})
