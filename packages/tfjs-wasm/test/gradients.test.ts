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

type Fn = (...inputs: tf.Tensor[]) => tf.Tensor

/** Compares the gradients by all inputs with central differences, on both backends. */
async function expectDifferences(fn: Fn, inputs: Values[], tolerance = 2e-3, step = 1e-2): Promise<void> {
  for (const backend of ['wasm', 'cpu']) {
    const gradients = await compute(backend, gradientsOf(fn), inputs)
    for (const [index, gradient] of gradients.entries())
      expectClose(gradient, await differences(fn, inputs, index, step), tolerance)
  }
}

describe('tile', () => {
  it('has a gradient for any rank and repetitions', async () => {
    for (const [shape, reps] of [
      [[3], [4]],
      [
        [2, 3],
        [3, 2],
      ],
      [
        [2, 1, 3],
        [1, 5, 2],
      ],
      [
        [1, 2, 2, 1, 2],
        [2, 1, 3, 2, 2],
      ],
      [
        [2, 2],
        [1, 1],
      ],
    ] as [number[], number[]][])
      await expectDifferences((x) => tf.tile(x!, reps), [floats(shape)])
  })
})

describe('cumsum', () => {
  it('has a gradient along every axis', async () => {
    for (const axis of [0, 1, 2])
      for (const exclusive of [false, true])
        for (const reverse of [false, true])
          await expectDifferences((x) => tf.cumsum(x!, axis, exclusive, reverse), [floats([3, 4, 2])])
  })
})

describe('broadcast operands', () => {
  const shapes: [number[], number[]][] = [
    [[4, 5], [5]],
    [[5], [4, 5]],
    [
      [3, 1, 2],
      [1, 4, 2],
    ],
    [[4, 5], []],
  ]

  it.each(shapes)('of shapes %j and %j get gradients of their shapes', async (a, b) => {
    const inputs = [floats(a), floats(b, 0.5, 1)]
    // A step smaller than any difference, so that no maximum changes sides.
    await expectDifferences((x, y) => tf.squaredDifference(x!, y!), inputs)
    for (const fn of [(x, y) => tf.maximum(x!, y!), (x, y) => tf.minimum(x!, y!)] as Fn[])
      await expectSame(gradientsOf(fn), inputs)
  })

  it('share dy between them where one is the maximum and the other is not', async () => {
    const inputs = [ties([6, 5]), ties([5])]
    for (const fn of [tf.maximum, tf.minimum]) {
      const [total] = await compute(
        'wasm',
        (a, b) => {
          const [da, db] = tf.grads((x: tf.Tensor, y: tf.Tensor) => tf.sum(fn(x, y)))([a!, b!])
          return tf.add(tf.sum(da!), tf.sum(db!))
        },
        inputs,
      )
      expect(total!.values[0]).toBe(30)
    }
  })
})

describe('a mask of a comparison', () => {
  it('lets the gradient through to what it selects', async () => {
    const inputs = [floats([4, 5]), floats([4, 5])]
    const masks: Fn[] = [
      (x) => tf.greater(x!, 0),
      (x) => tf.less(x!, 0.1),
      (x, y) => tf.lessEqual(x!, y!),
      (x) => tf.logicalNot(tf.equal(x!, 0.5)),
      (x, y) => tf.logicalAnd(tf.greater(x!, 0), tf.notEqual(y!, 0)),
      (x, y) => tf.logicalOr(tf.isNaN(x!), tf.greaterEqual(y!, 0)),
    ]
    for (const mask of masks) {
      const fn: Fn = (x, y) => tf.where(mask(x!, y!), tf.mul(x!, 3), tf.square(y!))
      const gradients = gradientsOf(fn)
      await expectSame(gradients, inputs)
      const selected = gradientsOf((x, y) => {
        const constant = tf.tidy(() => tf.tensor(mask(x!, y!).dataSync(), x!.shape, 'bool'))
        return tf.where(constant, tf.mul(x!, 3), tf.square(y!))
      })
      const [expected] = await compute('cpu', selected, inputs)
      const [actual] = await compute('wasm', gradients, inputs)
      expectClose(actual!, expected!)
    }
  })
})

describe('einsum', () => {
  const sizes: Record<string, number> = { b: 2, h: 3, i: 4, j: 5, k: 6 }

  it.each([
    'ij->ji',
    'ij->i',
    'ij->',
    'ij,j->i',
    'ij,jk->ik',
    'bij,bjk->bik',
    'bhik,bhjk->bhij',
    'i,j->ij',
    'bi,bi->b',
    'bij,k->bk',
    'ij,kj->',
  ])('%s has gradients', async (equation) => {
    const inputs = equation
      .split('->')[0]!
      .split(',')
      .map((term) => floats([...term].map((label) => sizes[label]!)))
    const fn: Fn = (...xs) => tf.einsum(equation, ...xs)
    const gradients = await compute('wasm', gradientsOf(fn), inputs)
    for (const [index, gradient] of gradients.entries()) {
      expectClose(gradient, await wasmDifferences(fn, inputs, index), 5e-3)
    }
  })

  // The CPU backend is wrong where several labels of one tensor are summed.
  const wasmDifferences: typeof differences = (fn, inputs, which) =>
    differences(fn, inputs, which, 1e-2, 'wasm')
})

describe('dilated convolution', () => {
  const size = fc.integer({ min: 5, max: 10 })
  const taps = fc.integer({ min: 1, max: 3 })
  const dilation = fc.integer({ min: 1, max: 3 })
  type Padding = Parameters<typeof tf.conv2d>[3]
  const padding = fc.constantFrom<Padding>('same', 'valid', [
    [0, 0],
    [2, 1],
    [0, 3],
    [0, 0],
  ])

  it('in two dimensions has the gradients of the filter with holes in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(size, size),
        fc.tuple(taps, taps),
        fc.tuple(dilation, dilation),
        padding,
        async ([height, width], [kernelHeight, kernelWidth], dilations, pad) => {
          fc.pre((kernelHeight - 1) * dilations[0] < height && (kernelWidth - 1) * dilations[1] < width)
          const inputs = [floats([2, height, width, 2]), floats([kernelHeight, kernelWidth, 2, 3])]
          const fn: Fn = (x, filter) =>
            tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, pad, 'NHWC', dilations)
          const holes: Fn = (x, filter) =>
            tf.conv2d(x as tf.Tensor4D, withHoles(filter as tf.Tensor4D, dilations), 1, pad)
          const expected = await compute('cpu', gradientsOf(holes), inputs)
          for (const backend of ['wasm', 'cpu']) {
            const gradients = await compute(backend, gradientsOf(fn), inputs)
            for (const [index, gradient] of gradients.entries()) expectClose(gradient, expected[index]!)
          }
        },
      ),
      { numRuns: 15 },
    )
  })

  it('of single channels has them, too', async () => {
    for (const pad of ['same', 'valid'] as const)
      for (const dilations of [2, [3, 2], [1, 2]] as (number | [number, number])[]) {
        const fn: Fn = (x, filter) =>
          tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, pad, 'NHWC', dilations)
        await expectDifferences(fn, [floats([1, 7, 8, 2]), floats([3, 3, 2, 2])])
      }
  })

  it('in one dimension has them, too', async () => {
    const fn: Fn = (x, filter) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, 'same', 'NWC', 2)
    await expectDifferences(fn, [floats([2, 9, 2]), floats([3, 2, 3])])
  })
})

/** Puts zeros between the taps of a filter. */
function withHoles(filter: tf.Tensor4D, [down, right]: [number, number]): tf.Tensor4D {
  const [height, width, input, output] = filter.shape
  const spread = tf.pad(tf.reshape(filter, [height, 1, width, 1, input * output]), [
    [0, 0],
    [0, down - 1],
    [0, 0],
    [0, right - 1],
    [0, 0],
  ])
  const rows = tf.reshape(spread, [height * down, width * right, input, output]) as tf.Tensor4D
  return tf.slice(rows, [0, 0, 0, 0], [(height - 1) * down + 1, (width - 1) * right + 1, input, output])
}

describe('conv3dTranspose', () => {
  it('has gradients by its input and its filter', async () => {
    const fn: Fn = (x, filter) =>
      tf.conv3dTranspose(x as tf.Tensor5D, filter as tf.Tensor5D, [1, 4, 4, 2, 2], [2, 2, 1], 'same')
    await expectDifferences(fn, [floats([1, 2, 2, 2, 3]), floats([2, 3, 2, 2, 3])])
  })
})

describe('batch normalization', () => {
  it.each([
    [2, 3, 4, 7],
    [6, 4],
  ])('of shape [%j, …] has gradients by all of its operands', async (...shape) => {
    const channels = shape.at(-1)!
    const inputs = [
      floats(shape),
      floats([channels]),
      floats([channels], 0.5, 2),
      floats([channels]),
      floats([channels]),
    ]
    const fn: Fn = (x, mean, variance, offset, scale) =>
      tf.batchNorm(
        x!,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
        1e-3,
      )
    await expectSame(fn, inputs)
    await expectDifferences(fn, inputs)
  })

  it('normalizes by values as many as those of the input, too', async () => {
    const inputs = [floats([3, 4]), floats([3, 4]), floats([3, 4], 0.5, 2)]
    const fn: Fn = (x, mean, variance) => tf.batchNorm(x!, mean as tf.Tensor2D, variance as tf.Tensor2D)
    await expectSame(fn, inputs)
  })
})
