import * as tf from '@tensorflow/tfjs'
import type { Optimizer } from '../src/optimizers/optimizer.ts'

export const backends = ['cpu', 'wasm'] as const

/** Variables of several ranks; their names are not those under which TF.js registers them. */
export const shapes: Readonly<Record<string, number[]>> = {
  'dense/kernel': [3, 5],
  'dense/bias': [5],
  'conv/filter': [2, 2, 1, 3],
  gain: [],
}

export async function use(backend: string): Promise<void> {
  if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm')
  await tf.setBackend(backend)
  await tf.ready()
}

/** Gives the same float32 numbers in [-1, 1) for the same text. */
export function numbers(text: string, count: number): Float32Array {
  let state = 1
  for (const letter of text) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193)
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1
  })
}

export function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

export type Weights = Record<string, Float32Array>

export function initialWeights(): Weights {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, numbers(name, size(shape))]))
}

/** A small model whose gradients are known numbers, different at every step. */
export class Model {
  readonly variables: Map<string, tf.Variable>

  constructor(weights: Weights = initialWeights()) {
    this.variables = new Map(
      Object.entries(weights).map(([name, data]) => [
        name,
        tf.tidy(() => tf.variable(tf.tensor(data.slice(), shapes[name]!))),
      ]),
    )
  }

  /** Does the updates `from` … `to` − 1; `only` are the variables that are not frozen. */
  train(optimizer: Optimizer, from: number, to: number, only: readonly string[] = Object.keys(shapes)): void {
    for (let step = from; step < to; step++) {
      const gradients = new Map(only.map((name) => [name, tf.tensor(gradient(name, step), shapes[name]!)]))
      optimizer.apply(gradients, this.variables)
      tf.dispose([...gradients.values()])
    }
  }

  weights(): Weights {
    return Object.fromEntries(
      [...this.variables].map(([name, variable]) => [name, variable.dataSync<'float32'>().slice()]),
    )
  }

  dispose(): void {
    tf.dispose([...this.variables.values()])
  }
}

export function gradient(name: string, step: number): Float32Array {
  return numbers(`${name} at ${step}`, size(shapes[name]!))
}

/** Gives the bits, so that a comparison tells apart what `===` does not. */
export function bits(weights: Weights): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { buffer }]) => [name, [...new Uint32Array(buffer)]]),
  )
}
