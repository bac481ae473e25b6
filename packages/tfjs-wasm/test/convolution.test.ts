import * as tf from '@tensorflow/tfjs'
import * as fc from 'fast-check'
import { beforeAll, describe, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'
import { compute, differences, expectClose, expectSame, floats, gradientsOf, weightsOf } from './compare.ts'

beforeAll(registerTrainingKernels)

type Tensor4 = tf.Tensor4D
type Padding = Parameters<typeof tf.conv2d>[3]

const explicit: Padding = [
  [0, 0],
  [2, 1],
  [0, 2],
  [0, 0],
]
const paddings = fc.constantFrom<Padding>('same', 'valid', explicit)
const size = fc.integer({ min: 5, max: 9 })
const kernelSize = fc.integer({ min: 1, max: 5 })
const stride = fc.integer({ min: 1, max: 3 })
const channels = fc.integer({ min: 1, max: 4 })

function conv2d(strides: [number, number], pad: Padding): (x: tf.Tensor, filter: tf.Tensor) => tf.Tensor {
  return (x, filter) => tf.conv2d(x as Tensor4, filter as Tensor4, strides, pad)
}

describe('the gradients of conv2d', () => {
  it('equal those of the CPU backend for any size, stride and padding', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(size, size, kernelSize, kernelSize),
        fc.tuple(stride, stride),
        fc.tuple(channels, channels),
        paddings,
        async ([height, width, kernelHeight, kernelWidth], strides, [inChannels, outChannels], pad) => {
          const x = floats([2, height, width, inChannels])
          const filter = floats([kernelHeight, kernelWidth, inChannels, outChannels])
          await expectSame(gradientsOf(conv2d(strides, pad)), [x, filter])
        },
      ),
      { numRuns: 50 },
    )
  })

  it('equal central differences', async () => {
    for (const [strides, pad] of [
      [[1, 1], 'same'],
      [[2, 3], explicit],
    ] as [[number, number], Padding][]) {
      const inputs = [floats([2, 5, 6, 2]), floats([3, 2, 2, 3])]
      const [dx, dw] = await compute('wasm', gradientsOf(conv2d(strides, pad)), inputs)
      expectClose(dx!, await differences(conv2d(strides, pad), inputs, 0), 2e-3)
      expectClose(dw!, await differences(conv2d(strides, pad), inputs, 1), 2e-3)
    }
  })

  it('are right where the columns of a batch do not fit the buffer at once', async () => {
    const inputs = [floats([5, 40, 41, 9]), floats([3, 5, 9, 2])]
    for (const strides of [1, 2]) {
      const [dx, dw] = await compute('wasm', gradientsOf(conv2d([strides, strides], 'same')), inputs)
      const fn = conv2d([strides, strides], 'same')
      const split = await compute('wasm', (x, filter) => splitGradients(fn, x, filter), inputs)
      expectClose(dx!, split[0]!, 1e-5)
      expectClose(dw!, split[1]!, 1e-5)
    }
  })

  it('take a padding of one number, whose size the core takes from the height of filter and stride', async () => {
    for (const [strides, taps] of [
      [
        [2, 2],
        [3, 3],
      ],
      [
        [2, 1],
        [2, 2],
      ],
      [
        [1, 3],
        [4, 2],
      ],
    ] as [[number, number], [number, number]][]) {
      const inputs = [floats([2, 8, 6, 3]), floats([...taps, 3, 2])]
      await expectSame(conv2d(strides, 1), inputs)
      await expectSame(gradientsOf(conv2d(strides, 1)), inputs)
    }
  })

  it('are right for strides above the size of the filter', async () => {
    for (const pad of ['same', 'valid', 0] as const)
      for (const strides of [
        [3, 3],
        [1, 4],
      ] as [number, number][]) {
        const inputs = [floats([2, 9, 8, 3]), floats([2, 2, 3, 2])]
        await expectSame(conv2d(strides, pad), inputs)
        await expectSame(gradientsOf(conv2d(strides, pad)), inputs)
      }
  })

  it('take channels first', async () => {
    for (const pad of ['same', 1] as const) {
      const fn = (x: tf.Tensor, filter: tf.Tensor) =>
        tf.conv2d(x as Tensor4, filter as Tensor4, 2, pad, 'NCHW')
      const inputs = [floats([2, 3, 8, 6]), floats([3, 3, 3, 2])]
      await expectSame(fn, inputs)
      const [dx, dw] = await compute('wasm', gradientsOf(fn), inputs)
      expectClose(dx!, await differences(fn, inputs, 0), 2e-3)
      expectClose(dw!, await differences(fn, inputs, 1), 2e-3)
    }
  })

  it('train conv1d, conv2dTranspose and separable convolution', async () => {
    await expectSame(
      gradientsOf((x, filter) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 2, 'same')),
      [floats([2, 9, 3]), floats([3, 3, 4])],
    )
    await expectSame(
      gradientsOf((x, filter) =>
        tf.conv2dTranspose(x as Tensor4, filter as Tensor4, [2, 8, 8, 4], 2, 'same'),
      ),
      [floats([2, 4, 4, 3]), floats([3, 3, 4, 3])],
    )
    await expectSame(
      gradientsOf((x, depthwise, pointwise) =>
        tf.separableConv2d(x as Tensor4, depthwise as Tensor4, pointwise as Tensor4, 1, 'same'),
      ),
      [floats([2, 5, 5, 3]), floats([3, 3, 3, 2]), floats([1, 1, 6, 4])],
    )
  })
})

/** Adds up the gradients of one image at a time. */
function splitGradients(
  fn: (x: tf.Tensor, filter: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
  filter: tf.Tensor,
): tf.Tensor[] {
  const y = fn(x, filter)
  const weights = tf.split(weightsOf(y.shape), x.shape[0]!)
  const parts = tf
    .split(x, x.shape[0]!)
    .map((image, n) =>
      tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(fn(a, b), weights[n]!)))([image, filter]),
    )
  return [tf.concat(parts.map(([dx]) => dx!)), tf.addN(parts.map(([, dw]) => dw!))]
}

describe('the gradients of depthwise convolution', () => {
  it('equal those of the CPU backend for any size, stride and padding', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(size, size, kernelSize, kernelSize),
        stride,
        fc.tuple(channels, fc.integer({ min: 1, max: 3 })),
        paddings,
        async ([height, width, kernelHeight, kernelWidth], strides, [inChannels, multiplier], pad) => {
          const x = floats([2, height, width, inChannels])
          const filter = floats([kernelHeight, kernelWidth, inChannels, multiplier])
          const fn = (a: tf.Tensor, b: tf.Tensor) =>
            tf.depthwiseConv2d(a as Tensor4, b as Tensor4, strides, pad as 'same')
          await expectSame(gradientsOf(fn), [x, filter])
        },
      ),
      { numRuns: 40 },
    )
  })

  it('equal central differences', async () => {
    const inputs = [floats([1, 5, 6, 2]), floats([3, 2, 2, 2])]
    const fn = (x: tf.Tensor, filter: tf.Tensor) =>
      tf.depthwiseConv2d(x as Tensor4, filter as Tensor4, 2, 'same')
    const [dx, dw] = await compute('wasm', gradientsOf(fn), inputs)
    expectClose(dx!, await differences(fn, inputs, 0), 2e-3)
    expectClose(dw!, await differences(fn, inputs, 1), 2e-3)
  })
})

describe('the gradients of conv3d', () => {
  const conv3d =
    (strides: number | [number, number, number], pad: 'same' | 'valid') =>
    (x: tf.Tensor, filter: tf.Tensor) =>
      tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, strides, pad)

  it('equal those of the CPU backend for any size, stride and padding', async () => {
    const small = fc.integer({ min: 3, max: 6 })
    const taps = fc.integer({ min: 1, max: 3 })
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(small, small, small),
        fc.tuple(taps, taps, taps),
        fc.tuple(stride, stride, stride),
        fc.constantFrom<'same' | 'valid'>('same', 'valid'),
        async (shape, filter, strides, pad) => {
          await expectSame(gradientsOf(conv3d(strides, pad)), [
            floats([2, ...shape, 2]),
            floats([...filter, 2, 3]),
          ])
        },
      ),
      { numRuns: 40 },
    )
  })

  it('equal central differences', async () => {
    const inputs = [floats([1, 4, 4, 3, 2]), floats([2, 3, 2, 2, 2])]
    const [dx, dw] = await compute('wasm', gradientsOf(conv3d([1, 2, 1], 'same')), inputs)
    expectClose(dx!, await differences(conv3d([1, 2, 1], 'same'), inputs, 0), 2e-3)
    expectClose(dw!, await differences(conv3d([1, 2, 1], 'same'), inputs, 1), 2e-3)
  })
})
