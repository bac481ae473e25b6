import * as tf from '@tensorflow/tfjs'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'
import { compute, expectClose, expectSame, floats, gradientsOf, type Values, ints } from './compare.ts'

beforeAll(registerTrainingKernels)

function loops(a: Values, b: Values, transposeA: boolean, transposeB: boolean): Values {
  const [p, q] = a.shape.slice(-2) as [number, number]
  const [r, s] = b.shape.slice(-2) as [number, number]
  const [rows, inner] = transposeA ? [q, p] : [p, q]
  const columns = transposeB ? r : s
  const batch = a.shape.length > 2 ? a.shape[0]! : 1
  const values = new Float32Array(batch * rows * columns)
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0
        for (let k = 0; k < inner; k++) {
          const x = a.values[n * p * q + (transposeA ? k * q + i : i * q + k)]!
          const y = b.values[n * r * s + (transposeB ? j * s + k : k * s + j)]!
          sum += x * y
        }
        values[(n * rows + i) * columns + j] = sum
      }
  return { shape: [...a.shape.slice(0, -2), rows, columns], values, dtype: 'float32' }
}

describe('matMul', () => {
  it('equals plain loops for any size, batch and transposes', async () => {
    const size = fc.integer({ min: 1, max: 20 })
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(size, size, size, fc.integer({ min: 0, max: 4 })),
        fc.boolean(),
        fc.boolean(),
        async ([m, k, n, batch], transposeA, transposeB) => {
          const outer = batch > 0 ? [batch] : []
          const a = floats([...outer, ...(transposeA ? [k, m] : [m, k])])
          const b = floats([...outer, ...(transposeB ? [n, k] : [k, n])])
          const [result] = await compute('wasm', (x, y) => tf.matMul(x, y, transposeA, transposeB), [a, b])
          expectClose(result!, loops(a, b, transposeA, transposeB), 1e-5)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('equals plain loops for sizes that take more than one copy of a factor', async () => {
    const [rows, inner] = [fc.integer({ min: 200, max: 500 }), fc.integer({ min: 120, max: 600 })]
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(rows, inner, fc.integer({ min: 1, max: 40 })),
        fc.boolean(),
        fc.boolean(),
        async ([m, k, n], transposeA, transposeB) => {
          const a = floats(transposeA ? [k, m] : [m, k])
          const b = floats(transposeB ? [n, k] : [k, n])
          const [result] = await compute('wasm', (x, y) => tf.matMul(x, y, transposeA, transposeB), [a, b])
          expectClose(result!, loops(a, b, transposeA, transposeB), 1e-4)
        },
      ),
      { numRuns: 20 },
    )
  })

  it.each([
    [
      [3, 5, 7],
      [1, 7, 2],
    ],
    [
      [1, 5, 7],
      [3, 7, 2],
    ],
    [
      [2, 3, 5, 7],
      [3, 7, 2],
    ],
  ])('broadcasts the batches of %j and %j', (a, b) =>
    expectSame((x, y) => tf.matMul(x, y), [floats(a), floats(b)]),
  )

  it('broadcasts both batches at once, which the CPU backend does not', async () => {
    const inputs = [floats([3, 1, 5, 7]), floats([1, 4, 7, 2])]
    const [result] = await compute('wasm', (x, y) => tf.matMul(x, y), inputs)
    const [reference] = await compute(
      'cpu',
      (x, y) => tf.matMul(tf.tile(x, [1, 4, 1, 1]), tf.tile(y, [3, 1, 1, 1])),
      inputs,
    )
    expectClose(result!, reference!)
  })

  it('has gradients for all transposes and batches', async () => {
    for (const [transposeA, transposeB] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ]) {
      const a = floats(transposeA ? [3, 9, 6] : [3, 6, 9])
      const b = floats(transposeB ? [3, 5, 9] : [3, 9, 5])
      await expectSame(
        gradientsOf((x, y) => tf.matMul(x, y, transposeA, transposeB)),
        [a, b],
      )
    }
  })

  it('multiplies large matrices', async () => {
    const [a, b] = [floats([129, 301]), floats([301, 67])]
    const [result] = await compute('wasm', (x, y) => tf.matMul(x, y), [a, b])
    expectClose(result!, loops(a, b, false, false), 1e-5)
  })

  it('gives zeros for an inner dimension of 0 and nothing for an empty result', async () => {
    const [zeros, empty] = await compute(
      'wasm',
      () => [tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3])), tf.matMul(tf.zeros([0, 2]), tf.zeros([2, 3]))],
      [],
    )
    expect([...zeros!.values]).toEqual([0, 0, 0, 0, 0, 0])
    expect(empty!.shape).toEqual([0, 3])
  })

  it('does not mistake a reshaped tensor for the one that it packed before', () =>
    expectSame(
      (x, y, w) => [tf.matMul(x, w), tf.matMul(y, tf.reshape(w, [4, 6])), tf.matMul(x, w)],
      [floats([3, 8]), floats([3, 4]), floats([8, 3])],
    ))

  it('multiplies integers, and refuses what is true or false with a reason', async () => {
    for (const transposeA of [false, true])
      for (const transposeB of [false, true])
        await expectSame(
          (x, y) => tf.matMul(x, y, transposeA, transposeB),
          [
            ints([2, ...(transposeA ? [4, 3] : [3, 4])], 100000),
            ints([1, ...(transposeB ? [5, 4] : [4, 5])], 100),
          ],
          0,
        )
    await tf.setBackend('wasm')
    const x = tf.ones([2, 2], 'bool')
    expect(() => tf.matMul(x, x)).toThrow('[tfjs-wasm] BatchMatMul multiplies float32 tensors')
    x.dispose()
  })
})

describe('fused.matMul', () => {
  const activations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const

  it.each(activations)(
    'adds the bias once and applies %s, with batches and transposes',
    async (activation) => {
      for (const transposeA of [false, true])
        for (const transposeB of [false, true])
          for (const batch of [[], [2]]) {
            const a = floats([...batch, ...(transposeA ? [70, 6] : [6, 70])])
            const b = floats([...batch, ...(transposeB ? [5, 70] : [70, 5])])
            await expectSame(
              (x, y, bias) => tf.fused.matMul({ a: x, b: y, bias, activation, transposeA, transposeB }),
              [a, b, floats([5])],
            )
          }
    },
  )

  it('takes a bias that was reshaped', () =>
    expectSame(
      (a, b, bias) => tf.fused.matMul({ a, b, bias: tf.reshape(bias, [5]), activation: 'relu' }),
      [floats([6, 7]), floats([7, 5]), floats([1, 5])],
    ))

  it('applies prelu with slopes for each column', () =>
    expectSame(
      (a, b, bias, slopes) =>
        tf.fused.matMul({ a, b, bias, activation: 'prelu', preluActivationWeights: slopes }),
      [floats([6, 7]), floats([7, 5]), floats([5]), floats([5])],
    ))

  it('has the gradients of the unfused product', () =>
    expectSame(
      gradientsOf((a, b, bias) => tf.fused.matMul({ a, b, bias, activation: 'relu' })),
      [floats([2, 6, 7]), floats([2, 7, 5]), floats([5])],
    ))
})
