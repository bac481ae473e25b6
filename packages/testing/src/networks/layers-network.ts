import type * as tfjs from '@tensorflow/tfjs'

import { batch, type NetworkDefinition, type NetworkSize } from '../network.ts'
import type { TensorFlow } from '../op.ts'

/** What makes a network of `tf.layers`. */
export interface LayersNetwork<D> {
  readonly name: string
  readonly dimensions: Readonly<Record<NetworkSize, D>>
  /** Gives the shape of a batch. */
  readonly shape: (dimensions: D) => readonly number[]
  /** Gives how many different integers an input may be, if it is made of integers. */
  readonly integers?: (dimensions: D) => number
  /** Makes layers, in one sequence or in two with dropout in between. */
  readonly layers: (make: Layers, dimensions: D) => tfjs.layers.Layer[][]
}

/** Makes layers with initial weights that depend on a seed alone. */
export interface Layers {
  readonly layers: TensorFlow['layers']
  readonly seeded: (seed: number) => ReturnType<TensorFlow['initializers']['glorotUniform']>
}

const classes = 10

/** Makes a definition of a network that ends in a softmax over ten classes. */
export function layersNetwork<D>(network: LayersNetwork<D>): NetworkDefinition {
  return {
    name: network.name,
    examples: (size) => network.shape(network.dimensions[size])[0]!,
    build(tf, size) {
      const dimensions = network.dimensions[size]
      const make: Layers = {
        layers: tf.layers,
        seeded: (seed) => tf.initializers.glorotUniform({ seed }),
      }
      const parts = network.layers(make, dimensions).map((layers) => tf.sequential({ layers }))
      const { xs, ys } = batch(
        tf,
        network.name,
        network.shape(dimensions),
        classes,
        network.integers?.(dimensions),
      )
      const variables = parts.flatMap((part) =>
        part.trainableWeights.map((weight) => weight.read() as tfjs.Variable),
      )
      return {
        variables,
        loss(step) {
          let outputs = xs
          for (const [index, part] of parts.entries()) {
            // The dropout layer has one mask for all steps if it has a seed, and another one in each run if not.
            if (index > 0) outputs = tf.dropout(outputs, 0.25, undefined, `${network.name}/${step}`)
            outputs = part.apply(outputs, { training: true }) as tfjs.Tensor
          }
          return tf.mean(tf.metrics.categoricalCrossentropy(ys, outputs))
        },
        dispose() {
          for (const part of parts) part.dispose()
          tf.dispose([xs, ys])
        },
      }
    },
  }
}
