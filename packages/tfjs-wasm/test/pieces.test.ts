import * as tf from '@tensorflow/tfjs'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'
import { compute, expectSame, floats, gradientsOf, ints } from './compare.ts'

beforeAll(registerTrainingKernels)

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 5 })

describe('what puts tensors together and takes them apart', () => {
  it('does as the CPU backend along any axis, for floats and integers', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.nat(), fc.integer({ min: 1, max: 4 }), async (shape, which, count) => {
        const axis = which % shape.length
        const longer = shape.with(axis, shape[axis]! * count)
        for (const make of [floats, (size: number[]) => ints(size, 100)]) {
          const pieces = Array.from({ length: count }, () => make(shape))
          await expectSame((...all) => [tf.stack(all, axis), tf.concat(all, axis)], pieces, 0)
          if (shape[axis]! > 0) await expectSame((x) => tf.unstack(x, axis), [make(shape)], 0)
          await expectSame((x) => tf.split(x, count, axis), [make(longer)], 0)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('counts axes from the end, too', async () => {
    const [a, b] = [floats([2, 3]), floats([2, 3])]
    await expectSame(
      (x, y) => [tf.stack([x!, y!], -1), tf.stack([x!, y!], -2), tf.concat([x!, y!], -1)],
      [a, b],
      0,
    )
    await expectSame((x) => [...tf.unstack(x!, -1), ...tf.split(x!, [1, -1], -1)], [a], 0)
  })

  it('joins pieces of different lengths, and strings', async () => {
    await expectSame((x, y) => tf.concat([x!, y!], 1), [floats([3, 2, 2]), floats([3, 5, 2])], 0)
    const [joined] = await compute('wasm', () => tf.concat([tf.tensor1d(['a']), tf.tensor1d(['b', 'c'])]), [])
    expect([...(joined!.values as unknown as string[])]).toEqual(['a', 'b', 'c'])
  })

  it('has gradients', async () => {
    await expectSame(
      gradientsOf((x) => {
        const [first, second] = tf.split(x, 2, 1)
        return tf.mul(tf.stack([first!, second!], 1), tf.stack(tf.unstack(x, 1).slice(0, 2), 1).sum())
      }),
      [floats([3, 4])],
      1e-6,
    )
  })
})

it('transposes any axes, of any type', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.nat(), async (shape, seed) => {
      const rest = shape.map((_, axis) => axis)
      const perm: number[] = []
      for (let left = seed; rest.length > 0; left = Math.floor(left / (rest.length + 1)))
        perm.push(...rest.splice(left % rest.length, 1))
      await expectSame((x) => tf.transpose(x, perm), [floats(shape)], 0)
      await expectSame((x) => tf.transpose(tf.cast(x, 'bool'), perm), [ints(shape, 2)], 0)
    }),
    { numRuns: 80 },
  )
})
