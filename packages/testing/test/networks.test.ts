import * as tf from '@tensorflow/tfjs'
import { registerTrainingKernels } from '@trainyard/tfjs-wasm'
import { beforeAll, expect, test } from 'vitest'

import { createNetwork, networks, trainingLosses } from '../src/index.ts'
import { thorough, timeout } from './thorough.ts'

beforeAll(registerTrainingKernels)

const size = thorough ? 'full' : 'small'
const optimizers = {
  Adam: () => tf.train.adam(thorough ? 0.001 : 0.01),
  SGD: () => tf.train.sgd(0.1),
}

async function losses(backend: string, definition: (typeof networks)[number], optimizer: () => tf.Optimizer) {
  await tf.setBackend(backend)
  const before = tf.memory().numTensors
  const trained = await trainingLosses(definition, { tf, size, steps: thorough ? 3 : 7, optimizer })
  expect(tf.memory().numTensors, 'tensors left over').toBe(before)
  return trained
}

for (const [name, optimizer] of Object.entries(optimizers))
  test.each(networks)(
    `$name trains by ${name} to the losses of the JavaScript backend`,
    async (definition) => {
      const expected = await losses('cpu', definition, optimizer)
      const actual = await losses('wasm', definition, optimizer)
      expect(expected.at(-1)).toBeLessThan(expected[0]!)
      for (const [step, loss] of actual.entries()) expect(loss / expected[step]!).toBeCloseTo(1, 4)
    },
    timeout,
  )

test.each(networks)(
  '$name is made of the same numbers each time, and draws other ones in each step',
  async (definition) => {
    await tf.setBackend('wasm')
    const [first, second] = [1, 2].map(() => createNetwork(definition, { tf, size: 'small' }))
    const read = (loss: tf.Scalar): number => tf.tidy(() => loss.dataSync()[0]!)
    const at = (network: typeof first, step: number): number => read(tf.tidy(() => network!.loss(step)))
    expect(at(first, 1)).toBe(at(second, 1))
    if (definition.name === 'CNN') expect(at(first, 1)).not.toBe(at(first, 2))
    first!.dispose()
    second!.dispose()
  },
)
