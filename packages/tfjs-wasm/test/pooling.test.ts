import * as tf from '@tensorflow/tfjs'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'
import {
  compute,
  differences,
  expectClose,
  expectSame,
  floats,
  gradientsOf,
  ties,
  type Values,
} from './compare.ts'

beforeAll(registerTrainingKernels)

/** Puts values so far from each other, in their order, that a small step does not change the order. */
function apart(x: Values): Values {
  const ranks = [...x.values.keys()].toSorted((a, b) => x.values[a]! - x.values[b]!)
  const values = new Float32Array(ranks.length)
  for (const [rank, index] of ranks.entries()) values[index] = (rank - ranks.length / 2) / 10
  return { ...x, values }
}

function total({ values }: Values): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}

const inputs = {
  any: (shape: number[]) => floats(shape),
  negative: (shape: number[]) => floats(shape, -2, -0.05),
  wide: (shape: number[]) => floats(shape, -60, 60),
  ties,
}
const kinds = Object.keys(inputs) as (keyof typeof inputs)[]
const size = fc.integer({ min: 4, max: 9 })
const taps = fc.integer({ min: 1, max: 4 })
const stride = fc.integer({ min: 1, max: 3 })
const padding = fc.constantFrom<'same' | 'valid'>('same', 'valid')

const maxPool = (filter: [number, number], strides: number, pad: 'same' | 'valid') => (x: tf.Tensor) =>
  tf.maxPool(x as tf.Tensor4D, filter, strides, pad)

describe.each(kinds)('on %s values', (kind) => {
  it('maxPool sends the gradient to the first maximum', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(size, size),
        fc.tuple(taps, taps),
        stride,
        padding,
        async ([height, width], filter, strides, pad) => {
          await expectSame(gradientsOf(maxPool(filter, strides, pad)), [inputs[kind]([2, height, width, 3])])
        },
      ),
      { numRuns: 20 },
    )
  })

  it('maxPool3d and its gradient agree with the CPU backend', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(size, size, size),
        taps,
        stride,
        padding,
        async (shape, filter, strides, pad) => {
          const fn = (x: tf.Tensor) => tf.maxPool3d(x as tf.Tensor5D, filter, strides, pad)
          const x = inputs[kind]([1, ...shape, 2])
          await expectSame(fn, [x])
          await expectSame(gradientsOf(fn), [x])
        },
      ),
      { numRuns: 10 },
    )
  })

  it.each([false, true])('maxPoolWithArgmax says where, counting the batch: %s', (batch) =>
    expectSame(
      (x) => {
        const { result, indexes } = tf.maxPoolWithArgmax(x as tf.Tensor4D, 3, 2, 'same', batch)
        return [result!, indexes!]
      },
      [inputs[kind]([2, 6, 7, 3])],
    ),
  )
})

describe('the gradient of maxPool', () => {
  it('equals central differences where windows overlap', async () => {
    const x = apart(floats([1, 6, 7, 2]))
    for (const pad of ['same', 'valid'] as const) {
      const [dx] = await compute('wasm', gradientsOf(maxPool([3, 3], 2, pad)), [x])
      expectClose(dx!, await differences(maxPool([3, 3], 2, pad), [x], 0), 1e-3)
    }
  })

  it('equals central differences in three dimensions, with windows of any proportions', async () => {
    // Here the CPU backend is wrong: it works out the position in the window with the height for the width.
    const x = apart(floats([1, 4, 3, 4, 2]))
    for (const filter of [
      [1, 2, 1],
      [2, 1, 3],
      [3, 3, 2],
    ] as [number, number, number][]) {
      const fn = (input: tf.Tensor) => tf.maxPool3d(input as tf.Tensor5D, filter, 1, 'same')
      const [dx] = await compute('wasm', gradientsOf(fn), [x])
      expectClose(dx!, await differences(fn, [x], 0), 1e-3)
    }
  })

  it('gives all of dy away, also where every value is the same', async () => {
    const x = { ...floats([1, 8, 8, 2]), values: new Float32Array(128).fill(-3) }
    const [dx] = await compute(
      'wasm',
      (input) => {
        return tf.grad((z: tf.Tensor) => tf.sum(maxPool([3, 3], 2, 'same')(z)))(input)
      },
      [x],
    )
    expect(total(dx!)).toBe(4 * 4 * 2)
  })

  it('leaves windows alone that lie in the padding', async () => {
    const x = floats([1, 3, 3, 1])
    const [dx] = await compute(
      'wasm',
      (input) => {
        return tf.grad((z: tf.Tensor) => tf.sum(tf.maxPool(z as tf.Tensor4D, 2, 2, 2)))(input)
      },
      [x],
    )
    expect(total(dx!)).toBeGreaterThan(0)
  })
})

describe('the gradient of average pooling', () => {
  it('equals central differences, also of windows that reach into the padding', async () => {
    // There the CPU backend is wrong: it divides by the size of the whole window.
    const x = floats([2, 5, 6, 5])
    for (const pad of ['same', 'valid'] as const)
      for (const strides of [1, 2]) {
        const fn = (input: tf.Tensor) => tf.avgPool(input as tf.Tensor4D, [3, 2], strides, pad)
        const [dx] = await compute('wasm', gradientsOf(fn), [x])
        expectClose(dx!, await differences(fn, [x], 0), 2e-3)
      }
  })

  it('equals central differences in three dimensions', async () => {
    const x = floats([1, 3, 4, 5, 2])
    for (const pad of ['same', 'valid'] as const) {
      const fn = (input: tf.Tensor) => tf.avgPool3d(input as tf.Tensor5D, [2, 3, 2], 2, pad)
      const [dx] = await compute('wasm', gradientsOf(fn), [x])
      expectClose(dx!, await differences(fn, [x], 0), 2e-3)
    }
  })
})
