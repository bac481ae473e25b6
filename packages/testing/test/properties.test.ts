import * as tf from '@tensorflow/tfjs'
import { registerTrainingKernels } from '@trainyard/tfjs-wasm'
import * as fc from 'fast-check'
import { beforeAll, test } from 'vitest'

import { checkBackend, float, formatTable, inputSets, type Op, opsOf } from '../src/index.ts'
import { thorough, timeout } from './thorough.ts'

beforeAll(registerTrainingKernels)

const op = opsOf('property')
const numRuns = thorough ? 300 : 25
const sets = inputSets.filter(({ name }) => name === 'uniform' || name === 'ties')

const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max })
const image = fc.tuple(upTo(2), upTo(9), upTo(9), upTo(4))
type Pad = 'same' | 'valid' | number

interface Window {
  readonly size: [number, number]
  readonly strides: [number, number]
  readonly padding: Pad
}

const windows: fc.Arbitrary<Window> = fc.record({
  size: fc.tuple(upTo(4), upTo(4)),
  strides: fc.tuple(upTo(5), upTo(5)),
  padding: fc.constantFrom('same' as const, 'valid' as const),
})

const filterWindows: fc.Arbitrary<Window> = fc.record({
  size: fc.tuple(upTo(4), upTo(4)),
  strides: fc.tuple(upTo(3), upTo(3)),
  padding: fc.constantFrom<Pad[]>('same', 'valid', 0, 1, 2),
})

// A window of a pool must not lie in the padding altogether, which TensorFlow.js takes for that of a square window with equal
// strides.
const paddedWindows: fc.Arbitrary<Window> = upTo(4).chain((side) =>
  fc
    .tuple(upTo(Math.min(3, side)), fc.integer({ min: 0, max: Math.min(2, side - 1) }))
    .map(([stride, padding]) => ({ size: [side, side], strides: [stride, stride], padding })),
)

const poolWindows: fc.Arbitrary<Window> = fc.oneof({ weight: 2, arbitrary: windows }, paddedWindows)
const anyWindow: fc.Arbitrary<Window> = fc.oneof({ weight: 2, arbitrary: windows }, filterWindows)

async function passes(tested: Op): Promise<void> {
  const report = await checkBackend({ tf, backend: 'wasm', ops: [tested], sets, elements: 2 })
  if (!report.passed) throw new Error(formatTable(report.failures))
}

function fits(
  [, height, width]: readonly number[],
  size: readonly number[],
  padding: string | number,
): boolean {
  if (padding === 'same') return true
  if (padding === 'valid') return height! >= size[0]! && width! >= size[1]!
  // TensorFlow.js takes the size of the result from the height of the filter.
  return Math.min(height!, width!) + 2 * Number(padding) >= Math.max(...size)
}

test(
  'conv2d, forward and gradients, for any shape, stride and padding',
  () =>
    fc.assert(
      fc.asyncProperty(image, anyWindow, upTo(5), async (x, { size, strides, padding }, filters) => {
        fc.pre(fits(x, size, padding))
        const name = `conv2d ${x} by ${size} x ${filters}, strides ${strides}, pad ${padding}`
        await passes(
          op(name, [float(x), float([...size, x[3], filters])], (_, input, filter) =>
            tf.conv2d(input, filter, strides, padding),
          ),
        )
      }),
      { numRuns },
    ),
  timeout,
)

test(
  'conv2d, forward and gradients, for any shape, dilation and padding',
  () =>
    fc.assert(
      fc.asyncProperty(
        image,
        fc.tuple(upTo(3), upTo(3)),
        fc.tuple(upTo(3), upTo(3)),
        fc.constantFrom('same' as const, 'valid' as const),
        async (x, size, dilations, padding) => {
          fc.pre(
            fits(
              x,
              size.map((length, axis) => (length - 1) * dilations[axis]! + 1),
              padding,
            ),
          )
          const name = `conv2d ${x} by ${size}, dilations ${dilations}, pad ${padding}`
          await passes(
            op(name, [float(x), float([...size, x[3], 2])], (_, input, filter) =>
              tf.conv2d(input, filter, 1, padding, 'NHWC', dilations),
            ),
          )
        },
      ),
      { numRuns },
    ),
  timeout,
)

test(
  'depthwiseConv2d, forward and gradients, for any shape, stride and padding',
  () =>
    fc.assert(
      fc.asyncProperty(image, anyWindow, upTo(3), async (x, { size, strides, padding }, multiplier) => {
        fc.pre(fits(x, size, padding))
        const name = `depthwiseConv2d ${x} by ${size} x ${multiplier}, strides ${strides}, pad ${padding}`
        await passes(
          op(name, [float(x), float([...size, x[3], multiplier])], (_, input, filter) =>
            tf.depthwiseConv2d(input, filter, strides, padding),
          ),
        )
      }),
      { numRuns },
    ),
  timeout,
)

test(
  'maxPool, forward and gradient, for any shape, window, stride and padding',
  () =>
    fc.assert(
      fc.asyncProperty(image, poolWindows, async (x, { size, strides, padding }) => {
        fc.pre(fits(x, size, padding))
        const name = `maxPool ${x} by ${size}, strides ${strides}, pad ${padding}`
        await passes(
          op(name, [float(x)], (_, input) => tf.maxPool(input, size, strides, padding), { ties: 'any' }),
        )
      }),
      { numRuns },
    ),
  timeout,
)

test(
  'avgPool, forward and gradient, for any shape, window, stride and padding',
  () =>
    fc.assert(
      fc.asyncProperty(image, poolWindows, async (x, { size, strides, padding }) => {
        fc.pre(fits(x, size, padding))
        const name = `avgPool ${x} by ${size}, strides ${strides}, pad ${padding}`
        await passes(op(name, [float(x)], (_, input) => tf.avgPool(input, size, strides, padding)))
      }),
      { numRuns },
    ),
  timeout,
)
