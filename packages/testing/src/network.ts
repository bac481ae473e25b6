import type * as tfjs from '@tensorflow/tfjs'

import type { TensorFlow } from './op.ts'
import { normals, random } from './random.ts'

/** `full` is what benchmarks measure; `small` has the same layers and trains in milliseconds on any backend. */
export type NetworkSize = 'small' | 'full'

/** The parts of a network: its weights, and its loss on a batch that stays the same. */
export interface NetworkParts {
  readonly variables: tfjs.Variable[]
  /** Computes the loss as in training; the number of the step is the key of everything that is drawn by chance. */
  readonly loss: (step: number) => tfjs.Scalar
  readonly dispose: () => void
}

/** A network that can be made on the current backend. Weights and data are the same on every backend. */
export interface NetworkDefinition {
  readonly name: string
  /** How many examples a batch has. */
  readonly examples: (size: NetworkSize) => number
  readonly build: (tf: TensorFlow, size: NetworkSize) => NetworkParts
}

export interface CreateNetworkOptions {
  tf: TensorFlow
  size?: NetworkSize
  /** Makes the optimizer (Adam, learning rate 0.001). */
  optimizer?: (tf: TensorFlow) => tfjs.Optimizer
}

/** A network in training. */
export interface Network extends NetworkParts {
  /** Trains one step and gives the loss before it, which the caller disposes. */
  step(): tfjs.Scalar
}

/** Makes a network and its optimizer on the current backend. */
export function createNetwork(definition: NetworkDefinition, options: CreateNetworkOptions): Network {
  const { tf, size = 'full', optimizer: makeOptimizer = () => tf.train.adam(1e-3) } = options
  const parts = definition.build(tf, size)
  const optimizer = makeOptimizer(tf)
  let steps = 0
  return {
    ...parts,
    step() {
      const { value, grads } = tf.variableGrads(() => parts.loss(steps), parts.variables)
      optimizer.applyGradients(grads)
      tf.dispose(grads)
      steps++
      return value
    },
    dispose() {
      parts.dispose()
      optimizer.dispose()
    },
  }
}

/** Trains a new network on the current backend and gives the loss of each step. */
export async function trainingLosses(
  definition: NetworkDefinition,
  options: CreateNetworkOptions & { steps: number },
): Promise<number[]> {
  const network = createNetwork(definition, options)
  const losses: number[] = []
  for (let step = 0; step < options.steps; step++) {
    const loss = network.step()
    losses.push((await loss.data())[0]!)
    loss.dispose()
  }
  network.dispose()
  return losses
}

/** A batch of a classification task. */
export interface Batch {
  readonly xs: tfjs.Tensor
  /** One label of each row is 1. */
  readonly ys: tfjs.Tensor2D
}

/** Makes a batch of normally distributed numbers, or of integers below `integers`, with labels drawn by chance. */
export function batch(
  tf: TensorFlow,
  key: string,
  shape: readonly number[],
  classes: number,
  integers?: number,
): Batch {
  const size = shape.reduce((product, length) => product * length, 1)
  const next = random(`${key}/integers`)
  const values = integers
    ? Float32Array.from({ length: size }, () => Math.floor(next() * integers))
    : normals(`${key}/numbers`, size)
  const nextLabel = random(`${key}/labels`)
  const labels = Int32Array.from({ length: shape[0]! }, () => Math.floor(nextLabel() * classes))
  return { xs: tf.tensor(values, [...shape]), ys: oneHot(tf, labels, classes) }
}

/** Makes rows with a single 1. */
export function oneHot(tf: TensorFlow, labels: Int32Array, classes: number): tfjs.Tensor2D {
  const values = new Float32Array(labels.length * classes)
  for (const [row, label] of labels.entries()) values[row * classes + label] = 1
  return tf.tensor2d(values, [labels.length, classes])
}
