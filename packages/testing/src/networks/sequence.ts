import type { NetworkDefinition } from '../network.ts'
import { layersNetwork } from './layers-network.ts'

const dimensions = {
  small: { batch: 4, length: 5, inputs: 3, units: 6 },
  full: { batch: 32, length: 20, inputs: 16, units: 32 },
}

/** Makes a network of one recurrent and one dense layer. */
function recurrent(name: string, kind: 'lstm' | 'gru'): NetworkDefinition {
  return layersNetwork({
    name,
    dimensions,
    shape: ({ batch, length, inputs }) => [batch, length, inputs],
    layers: ({ layers, seeded }, { length, inputs, units }) => [
      [
        layers[kind]({
          inputShape: [length, inputs],
          units,
          kernelInitializer: seeded(1),
          recurrentInitializer: seeded(2),
        }),
        layers.dense({ units: 10, activation: 'softmax', kernelInitializer: seeded(3) }),
      ],
    ],
  })
}

/** A recurrent network of LSTM cells. */
export const lstm: NetworkDefinition = recurrent('LSTM', 'lstm')

/** A recurrent network of gated units. */
export const gru: NetworkDefinition = recurrent('GRU', 'gru')

/** An embedding, layer normalization and a convolution over one dimension. */
export const embedding: NetworkDefinition = layersNetwork({
  name: 'embedding',
  dimensions: {
    small: { batch: 4, words: 12, length: 7, width: 6 },
    full: { batch: 32, words: 500, length: 32, width: 32 },
  },
  shape: ({ batch, length }) => [batch, length],
  integers: ({ words }) => words,
  layers: ({ layers, seeded }, { words, length, width }) => [
    [
      layers.embedding({
        inputDim: words,
        outputDim: width,
        inputLength: length,
        embeddingsInitializer: seeded(1),
      }),
      layers.layerNormalization(),
      layers.conv1d({ filters: width, kernelSize: 3, activation: 'relu', kernelInitializer: seeded(2) }),
      layers.globalMaxPooling1d({}),
      layers.dense({ units: 10, activation: 'softmax', kernelInitializer: seeded(3) }),
    ],
  ],
})
