import type { NetworkDefinition } from '../network.ts'
import { layersNetwork } from './layers-network.ts'

/** Three dense layers. */
export const mlp: NetworkDefinition = layersNetwork({
  name: 'MLP',
  dimensions: {
    small: { batch: 8, inputs: 20, hidden: [16, 8] },
    full: { batch: 64, inputs: 784, hidden: [256, 128] },
  },
  shape: ({ batch, inputs }) => [batch, inputs],
  layers: ({ layers, seeded }, { inputs, hidden }) => [
    [
      layers.dense({
        inputShape: [inputs],
        units: hidden[0]!,
        activation: 'relu',
        kernelInitializer: seeded(1),
      }),
      layers.dense({ units: hidden[1]!, activation: 'relu', kernelInitializer: seeded(2) }),
      layers.dense({ units: 10, activation: 'softmax', kernelInitializer: seeded(3) }),
    ],
  ],
})

/** Two convolutions with batch normalization, both kinds of pools, and dropout. */
export const cnn: NetworkDefinition = layersNetwork({
  name: 'CNN',
  dimensions: {
    small: { batch: 4, side: 8, filters: [4, 6], units: 12 },
    full: { batch: 32, side: 28, filters: [16, 32], units: 64 },
  },
  shape: ({ batch, side }) => [batch, side, side, 1],
  layers: ({ layers, seeded }, { side, filters, units }) => [
    [
      layers.conv2d({
        inputShape: [side, side, 1],
        filters: filters[0]!,
        kernelSize: 3,
        padding: 'same',
        useBias: false,
        kernelInitializer: seeded(1),
      }),
      layers.batchNormalization(),
      layers.activation({ activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({
        filters: filters[1]!,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: seeded(2),
      }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.flatten(),
    ],
    [
      layers.dense({
        inputShape: [(side / 4) ** 2 * filters[1]!],
        units,
        activation: 'relu',
        kernelInitializer: seeded(3),
      }),
      layers.dense({ units: 10, activation: 'softmax', kernelInitializer: seeded(4) }),
    ],
  ],
})

/** A separable and a depthwise convolution. */
export const separable: NetworkDefinition = layersNetwork({
  name: 'separable',
  dimensions: {
    small: { batch: 4, side: 6, channels: 3, filters: 5 },
    full: { batch: 16, side: 16, channels: 8, filters: 16 },
  },
  shape: ({ batch, side, channels }) => [batch, side, side, channels],
  layers: ({ layers, seeded }, { side, channels, filters }) => [
    [
      layers.separableConv2d({
        inputShape: [side, side, channels],
        filters,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        depthwiseInitializer: seeded(1),
        pointwiseInitializer: seeded(2),
      }),
      layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', depthwiseInitializer: seeded(3) }),
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 10, activation: 'softmax', kernelInitializer: seeded(4) }),
    ],
  ],
})
