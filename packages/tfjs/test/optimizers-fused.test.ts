import * as tf from '@tensorflow/tfjs'
import type { StateRecord } from '@trainyard/core'
import { registerTrainingKernels } from '@trainyard/tfjs-wasm'
import { beforeAll, describe, expect, test } from 'vitest'
import { adam, adamW } from '../src/optimizers/adam.ts'
import type { Optimizer } from '../src/optimizers/optimizer.ts'
import { sgd } from '../src/optimizers/sgd.ts'
import { cosine } from '../src/schedules.ts'
import { numbers, size } from './optimizers-harness.ts'

/** Sizes that are no multiples of the four elements that are updated at once, and none at all. */
const shapes: Record<string, number[]> = {
  scalar: [],
  three: [3],
  'three by seven': [3, 7],
  empty: [0, 4],
  'a thousand and one': [1001],
}

const schedule = cosine({ rate: 0.1, steps: 9 })

const makers: Record<string, (clipping: object) => Optimizer> = {
  sgd: (clipping) => sgd({ learningRate: 0.1, ...clipping }),
  'sgd with weight decay': (clipping) => sgd({ learningRate: schedule, weightDecay: 0.3, ...clipping }),
  'sgd with momentum': (clipping) => sgd({ learningRate: 0.1, momentum: 0.7, ...clipping }),
  'sgd with Nesterov momentum and weight decay': (clipping) =>
    sgd({ learningRate: 0.1, momentum: 0.7, nesterov: true, weightDecay: 0.3, ...clipping }),
  adam: (clipping) => adam({ learningRate: 0.1, ...clipping }),
  'adam with other constants': (clipping) =>
    adam({ learningRate: schedule, beta1: 0.4, beta2: 0.77, epsilon: 1e-3, ...clipping }),
  adamW: (clipping) =>
    adamW({ learningRate: 0.1, weightDecay: 0.2, decayFilter: (name) => name !== 'three', ...clipping }),
}

/** Gives gradients with zeros of both signs, the tiny and the huge; in the last step also with what is not finite. */
function gradient(name: string, step: number): Float32Array {
  const values = numbers(`${name} at ${step}`, size(shapes[name]!))
  if (name === 'three by seven' && step > 1) values.set([0, -0, 1e-40, -1e-30, 1e15, 0.3, -0.2], step)
  if (name === 'a thousand and one' && step === 4) values.set([NaN, Infinity, -Infinity], 500)
  return values
}

class Run {
  readonly variables: ReadonlyMap<string, tf.Variable> = new Map(
    Object.entries(shapes).map(([name, shape]) => {
      return [name, tf.tidy(() => tf.variable(tf.tensor(numbers(name, size(shape)), shape)))]
    }),
  )
  readonly optimizer: Optimizer

  constructor(optimizer: Optimizer) {
    this.optimizer = optimizer
  }

  step(step: number): void {
    const gradients = new Map(
      Object.entries(shapes).map(([name, shape]) => [name, tf.tensor(gradient(name, step), shape)]),
    )
    this.optimizer.apply(gradients, this.variables)
    for (const [name, tensor] of gradients) expect(tensor.dataSync()).toEqual(gradient(name, step))
    tf.dispose([...gradients.values()])
  }

  /** Gives all bits of weights and slots, and frees them. */
  async end(): Promise<string> {
    const { slots } = await this.optimizer.getState()
    const weights = Object.fromEntries(
      [...this.variables].map(([name, variable]) => [name, variable.dataSync<'float32'>()]),
    )
    this.optimizer.dispose()
    tf.dispose([...this.variables.values()])
    return JSON.stringify({ weights, slots }, (_, value) =>
      value instanceof Float32Array ? bits(value) : value,
    )
  }
}

/**
 * Gives the bits; those of all that are no number are the same, as their signs are the machine's, and so are those of all that is
 * next to nothing, which the kernels take for 0.
 */
function bits(values: Float32Array): number[] {
  const same = values.map((value) => (Number.isNaN(value) ? NaN : Math.abs(value) < 1e-33 ? 0 : value))
  return [...new Uint32Array(same.buffer)]
}

async function bitsAfter(make: () => Optimizer, steps: number): Promise<string> {
  const run = new Run(make())
  for (let step = 0; step < steps; step++) run.step(step)
  return run.end()
}

/** Computes without the fused kernels, as on a backend that does not have them. */
async function withoutKernels<T>(compute: () => Promise<T>): Promise<T> {
  const kernels = ['AdamStep', 'SgdStep'].map((name) => tf.getKernel(name, 'wasm'))
  for (const { kernelName } of kernels) tf.unregisterKernel(kernelName, 'wasm')
  try {
    return await compute()
  } finally {
    for (const kernel of kernels) tf.registerKernel(kernel)
  }
}

beforeAll(registerTrainingKernels)

describe.each(Object.entries(makers))('a step of %s in one pass', (_, make) => {
  test.each([{}, { clipValue: 0.3 }])('gives the bits of its definition, clipped by %o', async (clipping) => {
    for (const steps of [1, 4, 5]) {
      await tf.setBackend('cpu')
      const expected = await bitsAfter(() => make(clipping), steps)
      await tf.setBackend('wasm')
      expect(await bitsAfter(() => make(clipping), steps)).toBe(expected)
    }
  })

  test('gives the bits of its definition, clipped by norm and value', async () => {
    await tf.setBackend('wasm')
    // Here the definition is computed on the same backend: the norm is a sum, and each backend has an order of its own.
    const clipping = { clipNorm: 4, clipValue: 0.2 }
    const expected = await withoutKernels(() => bitsAfter(() => make(clipping), 4))
    expect(await bitsAfter(() => make(clipping), 4)).toBe(expected)
  })

  test('can be resumed by the definition on another backend, and the other way around', async () => {
    await tf.setBackend('cpu')
    const expected = await bitsAfter(() => make({}), 4)
    for (const [first, second] of [
      ['cpu', 'wasm'],
      ['wasm', 'cpu'],
    ] as const) {
      await tf.setBackend(first)
      const run = new Run(make({}))
      run.step(0)
      run.step(1)
      const state = structuredClone(await run.optimizer.getState()) as StateRecord
      await tf.setBackend(second)
      const resumed = make({})
      resumed.updateState(state)
      const rest = new Run(resumed)
      for (const [name, variable] of run.variables)
        rest.variables.get(name)!.assign(tf.tensor(variable.dataSync().slice(), variable.shape))
      await run.end()
      rest.step(2)
      rest.step(3)
      expect(await rest.end()).toBe(expected)
    }
  })
})

test('what was made of a variable before a step keeps its values', async () => {
  await tf.setBackend('wasm')
  const variable = tf.variable(tf.tensor1d([1, 2, 3, 4, 5]))
  const [clone, reshaped] = [tf.clone(variable), tf.reshape(variable, [5, 1])]
  const optimizer = adam({ learningRate: 0.1 })
  const before = tf.memory().numTensors
  const gradients = new Map([['w', tf.ones([5])]])
  for (let step = 0; step < 3; step++) optimizer.apply(gradients, new Map([['w', variable]]))
  // The gradient and two slots.
  expect(tf.memory().numTensors).toBe(before + 3)
  expect([...clone.dataSync()]).toEqual([1, 2, 3, 4, 5])
  expect([...reshaped.dataSync()]).toEqual([1, 2, 3, 4, 5])
  expect(variable.dataSync()[4]).toBeCloseTo(4.7, 5)
})

test.each<[string, () => Optimizer, number]>([
  ['adam', () => adam({ learningRate: 0.1, beta1: 0.5, beta2: 0.6 }), 2],
  ['sgd with momentum', () => sgd({ learningRate: 0.1, momentum: 0.7 }), 1],
  ['sgd with Nesterov momentum', () => sgd({ learningRate: 0.1, momentum: 0.7, nesterov: true }), 1],
])('slots of %s end at 0 where gradients do, and not among slow numbers', async (_, make, slotCount) => {
  await tf.setBackend('wasm')
  const optimizer = make()
  const variable = tf.variable(tf.tensor1d([1, 2, 3, 4, 5]))
  const apply = (values: number[]): void =>
    tf.tidy(() => optimizer.apply(new Map([['w', tf.tensor1d(values)]]), new Map([['w', variable]])))
  apply([1, -1, 1, -1, 1])
  for (let step = 0; step < 300; step++) apply([0, 0, NaN, 0, 0])
  const { slots } = (await optimizer.getState()) as { slots: { w: Record<string, { data: Float32Array }> } }
  const values = Object.values(slots.w).map(({ data }) => [...data])
  expect(values).toEqual(Array.from({ length: slotCount }, () => [0, 0, NaN, 0, 0]))
})
