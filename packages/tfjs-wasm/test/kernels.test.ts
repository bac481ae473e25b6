import * as tf from '@tensorflow/tfjs'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'
import {
  compute,
  expectClose,
  expectSame,
  floats,
  gradientsOf,
  ints,
  random,
  type Values,
} from './compare.ts'

beforeAll(registerTrainingKernels)

function shuffled(length: number): number[] {
  const keys = Array.from({ length }, random)
  return [...keys.keys()].toSorted((a, b) => keys[a]! - keys[b]!)
}

const bools = (shape: number[]): Values => ({
  shape,
  values: Uint8Array.from(ints(shape, 2).values),
  dtype: 'bool',
})

describe('transpose', () => {
  it('equals that of the CPU backend for any rank, order and type', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(floats, bools, (shape: number[]) => ints(shape, 1000)),
        async (shape, make) => {
          const perm = shuffled(shape.length)
          await expectSame((x) => tf.transpose(x, perm), [make(shape)], 0)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('moves long lines', () =>
    expectSame((x) => tf.transpose(x, [2, 0, 3, 1, 4]), [floats([2, 3, 2, 3, 80])], 0))
})

describe('tile', () => {
  it('equals that of the CPU backend for any shape and type', async () => {
    const pair = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(pair, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(floats, bools),
        async (pairs, make) => {
          const [shape, reps] = [pairs.map(([length]) => length), pairs.map(([, times]) => times)]
          await expectSame((x) => tf.tile(x, reps), [make(shape)], 0)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('gather', () => {
  it('takes slices along any axis, and has its gradient', async () => {
    for (const [shape, axis, batchDims] of [
      [[7, 3], 0, 0],
      [[7, 60], 0, 0],
      [[4, 7, 3], 1, 0],
      [[4, 3, 7], 2, 0],
      [[4, 3, 7], -1, 0],
    ] as [number[], number, number][]) {
      const inputs = [floats(shape), ints([5, 2], 7)]
      const fn = (x: tf.Tensor, indices: tf.Tensor) => tf.gather(x, indices as tf.Tensor2D, axis, batchDims)
      await expectSame(fn, inputs, 0)
      const [x, indices] = inputs
      await expectSame(
        gradientsOf((values) => fn(values, tf.tensor(indices!.values, indices!.shape, 'int32'))),
        [x!],
      )
    }
    await expectSame(
      (x, indices) => tf.gather(x, indices as tf.Tensor2D, 1, 1),
      [floats([3, 7, 2]), ints([3, 4], 7)],
      0,
    )
  })

  it('refuses an index that is too large, and keeps nothing', async () => {
    await tf.setBackend('wasm')
    const x = tf.ones([3, 2])
    const buffers = tf.memory().numDataBuffers
    expect(() => tf.tidy(() => tf.gather(x, [0, 3]))).toThrow('the index 3 is not in [0, 2]')
    expect(tf.memory().numDataBuffers).toBe(buffers)
    x.dispose()
  })
})

describe('unsortedSegmentSum', () => {
  it('adds rows and drops ids outside, for floats and integers', async () => {
    const ids: Values = { shape: [6], values: Int32Array.of(3, 0, -1, 3, 9, 0), dtype: 'int32' }
    for (const x of [floats([6]), floats([6, 3]), floats([6, 2, 5]), ints([6, 3], 100)])
      await expectSame(
        (values, segments) => tf.unsortedSegmentSum(values, segments as tf.Tensor1D, 4),
        [x, ids],
      )
  })
})

describe('einsum', () => {
  const sizes: Record<string, number> = { b: 2, h: 3, i: 4, j: 5, k: 6, l: 7 }

  it.each([
    'ij->ji',
    'ij->i',
    'ij->',
    'bij->ib',
    'i,i->',
    'i,j->ij',
    'ij,j->i',
    'ij,jk->ik',
    'ij,kj->ki',
    'bij,bjk->bik',
    'bhik,bhjk->bhij',
    'bi,bi->b',
    'bij,bij->bi',
    'bij,k->kb',
    'bij,jl->bl',
    'ij,ij->ij',
    'bij,bkj->ki',
    'ijk,jl->lik',
  ])('%s', async (equation) => {
    const inputs = equation
      .split('->')[0]!
      .split(',')
      .map((term) => floats([...term].map((label) => sizes[label]!)))
    const [result] = await compute('wasm', (...xs) => tf.einsum(equation, ...xs), inputs)
    expectClose(result!, loops(equation, inputs), 1e-6)
  })

  // The CPU backend is no reference: it is wrong where several labels of one tensor are summed.
  function loops(equation: string, inputs: Values[]): { shape: number[]; values: number[] } {
    const [terms, result] = equation.split('->') as [string, string]
    const labels = [...new Set(equation.replaceAll(/\W/g, ''))]
    const shape = [...result].map((label) => sizes[label]!)
    const values = Array.from({ length: tf.util.sizeFromShape(shape) }, () => 0)
    const index: Record<string, number> = {}
    const at = (term: string): number => {
      let position = 0
      for (const label of term) position = position * sizes[label]! + index[label]!
      return position
    }
    const loop = (depth: number): void => {
      if (depth === labels.length) {
        let product = 1
        for (const [i, term] of terms.split(',').entries()) product *= inputs[i]!.values[at(term)]!
        values[at(result)]! += product
        return
      }
      const label = labels[depth]!
      for (index[label] = 0; index[label] < sizes[label]!; index[label]++) loop(depth + 1)
    }
    loop(0)
    return { shape, values }
  }

  it('multiplies integers', () =>
    expectSame((a, b) => tf.einsum('ij,jk->ik', a, b), [ints([2, 3], 9), ints([3, 4], 9)], 0))
})

describe('sum and mean', () => {
  it('equal those of the CPU backend over any axes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 31 }),
        fc.boolean(),
        async (shape, mask, keepDims) => {
          const axes = shape.flatMap((_, axis) => ((mask >> axis) % 2 === 1 ? [axis] : []))
          await expectSame(
            (x) => [tf.sum(x, axes, keepDims), tf.mean(x, axes, keepDims)],
            [floats(shape)],
            1e-6,
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  it('are 0 and NaN over nothing', async () => {
    // What was in the memory before must not be seen.
    await compute('wasm', () => tf.mul(tf.ones([1000]), 7), [])
    const [sum, columns, mean] = await compute(
      'wasm',
      () => [tf.sum(tf.zeros([0])), tf.sum(tf.zeros([0, 3]), 0), tf.mean(tf.zeros([0, 2]), 0)],
      [],
    )
    expect([...sum!.values]).toEqual([0])
    expect([...columns!.values]).toEqual([0, 0, 0])
    expect([...mean!.values]).toEqual([NaN, NaN])
  })
})

describe('a NaN', () => {
  it.each([
    ['relu', (x: tf.Tensor) => tf.relu(x), 7],
    ['relu6', (x: tf.Tensor) => tf.relu6(x), 6],
  ] as const)('stays one in %s, whatever its sign', async (_, fn, limit) => {
    const values = new Float32Array([NaN, 0, -1, 2, 7, -0])
    new Uint32Array(values.buffer)[1] = 0xffc00000
    const [result] = await compute('wasm', fn, [{ shape: [6], values, dtype: 'float32' }])
    expectClose(result!, { shape: [6], values: [NaN, NaN, 0, 2, limit, 0] }, 0)
  })

  it('stays one in clipByValue, which takes integers, too', async () => {
    const x: Values = { shape: [4], values: Float32Array.of(NaN, -3, 0.25, 3), dtype: 'float32' }
    const [result] = await compute('wasm', (input) => tf.clipByValue(input, -1, 1), [x])
    expectClose(result!, { shape: [4], values: [NaN, -1, 0.25, 1] }, 0)
    await expectSame((input) => tf.clipByValue(input, 10, 50), [ints([20], 100)], 0)
  })
})
