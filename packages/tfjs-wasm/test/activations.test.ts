import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'
import { compute, expectSame, floats, gradientsOf, type Values } from './compare.ts'

beforeAll(registerTrainingKernels)

/** Gives by how many units in the last place of a float the values are off, at most. */
function unitsOff(actual: ArrayLike<number>, expected: readonly number[]): number {
  return Math.max(
    ...expected.map((value, i) => {
      const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(value))))
      return Math.abs(actual[i]! - value) / 2 ** (exponent - 23)
    }),
  )
}

describe.each([
  { name: 'exp', op: tf.exp, fn: Math.exp, units: 1.1, ranges: [0.5, 5, 88] },
  { name: 'tanh', op: tf.tanh, fn: Math.tanh, units: 2.2, ranges: [1e-30, 1e-3, 0.3, 1, 6, 25] },
])('$name', ({ op, fn, units, ranges }) => {
  it(`is within ${units} units in the last place`, async () => {
    for (const range of ranges) {
      const x = floats([20_001], -range, range)
      const [result] = await compute('wasm', (input) => op(input!), [x])
      expect(unitsOff(result!.values, Array.from(x.values, fn))).toBeLessThan(units)
    }
  })

  it('knows the ends of the range, zeros and what is no number', async () => {
    const values = Float32Array.of(Infinity, -Infinity, NaN, 0, -0, 89, -104, 1e-42, -90)
    const x: Values = { shape: [9], values, dtype: 'float32' }
    const [result] = await compute('wasm', (input) => op(input!), [x])
    expect([...result!.values]).toEqual(Array.from(values, (value) => Math.fround(fn(value))))
  })

  it('takes any number of values', async () => {
    for (const size of [0, 1, 2, 3, 4, 5, 7, 9])
      await expectSame((input) => op(input!), [floats([size])], 1e-6)
  })
})

const differentiated: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  relu: tf.relu,
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  square: tf.square,
  clipByValue: (x) => tf.clipByValue(x, -0.25, 0.5),
}

describe.each(Object.entries(differentiated))('the gradient of %s', (_, fn) => {
  it('is that of the CPU backend, for any number of values', async () => {
    for (const size of [0, 1, 3, 4, 6, 101]) await expectSame(gradientsOf(fn), [floats([size])], 1e-6)
  })

  it('lets what is at a limit and no number through as the CPU backend does', async () => {
    const values = Float32Array.of(0, -0, 0.5, -0.25, Infinity, -Infinity)
    await expectSame(gradientsOf(fn), [{ shape: [6], values, dtype: 'float32' }], 0)
  })

  it('has a gradient itself', async () => {
    const second = (x: tf.Tensor): tf.Tensor => tf.grad((inner: tf.Tensor) => tf.square(fn(inner)))(x)
    await expectSame(gradientsOf(second), [floats([7])], 1e-6)
  })
})

describe('the gradients of sum and mean', () => {
  it.each([
    { shape: [], axis: [] },
    { shape: [5], axis: [0] },
    { shape: [3, 5], axis: [1] },
    { shape: [3, 5], axis: [0] },
    { shape: [3, 2, 3], axis: [1] },
    { shape: [3, 5, 2], axis: [2, 1] },
    { shape: [3, 5, 2], axis: [0, 2] },
    { shape: [2, 3, 4, 5], axis: [1, 2] },
    { shape: [4, 0], axis: [0] },
    { shape: [2, 9, 1], axis: [-2] },
  ])('give each value its part, $shape over $axis', async ({ shape, axis }) => {
    for (const keepDims of [true, false])
      for (const reduce of [tf.sum, tf.mean])
        await expectSame(
          gradientsOf((x) => reduce(x, axis, keepDims)),
          [floats(shape)],
          0,
        )
  })

  it('have gradients themselves', () =>
    expectSame(
      gradientsOf((x) => tf.grad((inner: tf.Tensor) => tf.square(tf.mean(inner, 1)))(x)),
      [floats([3, 5])],
      1e-6,
    ))
})

it('a gradient that nobody asks for is not computed', async () => {
  await tf.setBackend('wasm')
  const kernelsOf = async (fn: () => tf.Tensor): Promise<string[]> =>
    (await tf.profile(fn)).kernels.map(({ name }) => name)
  const [x, weights, bias] = [tf.randomNormal([2, 6, 6, 3]), tf.randomNormal([3, 3, 3, 4]), tf.zeros([4])]
  const convolve = (filter: tf.Tensor): tf.Tensor =>
    tf.fused.conv2d({ x: x as tf.Tensor4D, filter: filter as tf.Tensor4D, strides: 1, pad: 'same', bias })
  const forFilter = await kernelsOf(() => tf.grad(convolve)(weights))
  expect(forFilter).toContain('Conv2DBackpropFilter')
  expect(forFilter).not.toContain('Conv2DBackpropInput')

  const [a, b] = [tf.randomNormal([5, 4]), tf.randomNormal([4, 3])]
  const multiply = (right: tf.Tensor): tf.Tensor =>
    tf.fused.matMul({ a: a as tf.Tensor2D, b: right as tf.Tensor2D })
  const forRight = await kernelsOf(() => tf.grad(multiply)(b))
  expect(forRight.filter((name) => name === 'BatchMatMul')).toHaveLength(1)
})

it('a product or convolution with a bias has the gradients of the CPU backend', async () => {
  for (const [transposeA, transposeB] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])
    await expectSame(
      gradientsOf((a, b, bias) =>
        tf.fused.matMul({
          a: a as tf.Tensor2D,
          b: b as tf.Tensor2D,
          bias: bias!,
          transposeA,
          transposeB,
        } as never),
      ),
      [floats(transposeA ? [4, 5] : [5, 4]), floats(transposeB ? [3, 4] : [4, 3]), floats([3])],
      1e-6,
    )
  await expectSame(
    gradientsOf((x, filter, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor3D,
        filter: filter as tf.Tensor4D,
        strides: 2,
        pad: 'same',
        bias: bias!,
      }),
    ),
    [floats([7, 6, 2]), floats([3, 2, 2, 5]), floats([5])],
    1e-5,
  )
})
