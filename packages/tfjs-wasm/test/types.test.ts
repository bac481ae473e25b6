import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'
import { compute, expectClose, expectSame, floats, ints, type Values } from './compare.ts'

beforeAll(registerTrainingKernels)

type Fn = (...inputs: tf.Tensor[]) => tf.Tensor

const truths = (shape: number[]): Values => {
  const { values } = ints(shape, 2)
  return { shape, values: Uint8Array.from(values), dtype: 'bool' }
}

const numbers = (shape: number[], from: number): Values => {
  const { values, dtype } = ints(shape, 11)
  return { shape, values: values.map((value) => value + from), dtype }
}

async function expectSameType(fn: Fn, inputs: Values[]): Promise<void> {
  const [ours] = await compute('wasm', fn, inputs)
  const [reference] = await compute('cpu', fn, inputs)
  expect(ours!.dtype).toBe(reference!.dtype)
  expectClose(ours!, reference!, 1e-5)
}

describe('functions of integers', () => {
  const unary: Record<string, Fn> = {
    expm1: (x) => tf.expm1(x!),
    asinh: (x) => tf.asinh(x!),
    reciprocal: (x) => tf.reciprocal(x!),
    log1p: (x) => tf.log1p(x!),
    asin: (x) => tf.asin(x!),
    acos: (x) => tf.acos(x!),
    atanh: (x) => tf.atanh(x!),
    acosh: (x) => tf.acosh(x!),
    isNaN: (x) => tf.isNaN(x!),
  }

  it.each(Object.entries(unary))('%s gives what it gives on the CPU backend', (_, fn) =>
    expectSameType(fn, [numbers([5, 7], -5)]),
  )

  it('that divide give 0 for a division by 0, as on the CPU backend', async () => {
    for (const fn of [tf.floorDiv, tf.mod, tf.div])
      await expectSameType((a, b) => fn(a!, b!), [numbers([5, 7], -5), numbers([5, 7], -5)])
  })

  it('that move them keep their type', async () => {
    await expectSameType((x) => tf.stridedSlice(x!, [0, 1], [4, 6], [2, 2]), [numbers([4, 6], -5)])
    await expectSameType(
      (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 6]),
      [numbers([1, 4, 3, 2], -5)],
    )
    await expectSameType((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'same'), [numbers([1, 5, 4, 2], -5)])
  })

  it('slopes and normalizes them', async () => {
    await expectSameType((x, alpha) => tf.prelu(x!, alpha!), [numbers([3, 4], -5), numbers([4], 0)])
    await expectSameType((x) => tf.batchNorm(x!, tf.zeros([4]), tf.ones([4])), [numbers([3, 4], -5)])
  })
})

describe('functions of true and false', () => {
  const cases: Record<string, Fn> = {
    abs: (x) => tf.abs(x!),
    step: (x) => tf.step(x!),
    exp: (x) => tf.exp(x!),
    div: (x) => tf.div(x!, x!),
    where: (x) => tf.where(tf.logicalNot(x!), x!, tf.onesLike(x!)),
    pad: (x) =>
      tf.pad(
        x!,
        [
          [1, 2],
          [0, 1],
        ],
        1,
      ),
    mirrorPad: (x) =>
      tf.mirrorPad(
        x!,
        [
          [1, 1],
          [2, 0],
        ],
        'reflect',
      ),
    reverse: (x) => tf.reverse(x!, 1),
    clipByValue: (x) => tf.clipByValue(x!, 0, 1),
    topk: (x) => tf.topk(x!, 2).values,
    spaceToBatchND: (x) =>
      tf.spaceToBatchND(
        tf.reshape(x!, [1, 4, 6, 1]),
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
    scatterND: (x) => tf.scatterND(tf.tensor2d([1, 3, 0, 6], [4, 1], 'int32'), x!, [7, 6]),
    oneHot: (x) => tf.oneHot(tf.cast(x!, 'int32'), 3, 1, 0, 'bool'),
    'cast to and from float32': (x) =>
      tf.cast(tf.cast(tf.mul(tf.cast(x!, 'float32'), 256), 'bool'), 'float32'),
  }

  it.each(Object.entries(cases))('%s gives what it gives on the CPU backend', (_, fn) =>
    expectSameType(fn, [truths([4, 6])]),
  )
})

describe('edges', () => {
  it('reductions of nothing give what changes nothing', async () => {
    const nothing: Values = { shape: [0, 2], values: new Float32Array(0), dtype: 'float32' }
    const results = await compute(
      'wasm',
      (x) => [
        tf.max(x!, 0),
        tf.min(x!, 0),
        tf.prod(x!, 0),
        tf.all(tf.cast(x!, 'bool'), 0),
        tf.any(tf.cast(x!, 'bool')),
      ],
      [nothing],
    )
    expect(results.map(({ values }) => [...values])).toEqual([
      [-Infinity, -Infinity],
      [Infinity, Infinity],
      [1, 1],
      [1, 1],
      [0],
    ])
  })

  it('running sums and products go along a negative axis, which breaks them on other backends', async () => {
    for (const fn of [tf.cumsum, tf.cumprod]) {
      const inputs = [floats([2, 3, 4])]
      const [last] = await compute('wasm', (x) => fn(x!, -1), inputs)
      expectClose(last!, (await compute('cpu', (x) => fn(x!, 2), inputs))[0]!, 1e-6)
    }
    await tf.setBackend('wasm')
    expect(() => tf.cumsum(3)).toThrow('[tfjs-wasm] Cumsum takes no scalar on the WASM backend')
  })

  it('prelu takes slopes of any shape', async () => {
    for (const shape of [[4, 5], [5], [1, 1, 5], [4, 1], [3, 1, 1], [], [2, 3, 4, 5]])
      await expectSame((x, alpha) => tf.prelu(x!, alpha!), [floats([3, 4, 5]), floats(shape)])
  })

  it('images of nothing but the mean of padding are refused by name', async () => {
    await tf.setBackend('wasm')
    const x = tf.ones([1, 3, 3, 1]) as tf.Tensor4D
    expect(() => tf.avgPool(x, 2, 2, 2)).toThrow('[tfjs-wasm] AvgPool with pad 2 has windows')
    x.dispose()
  })
})
