import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { globalNorm } from '../src/clipping.ts'
import { sgd } from '../src/optimizers/sgd.ts'
import { fromTfOptimizer } from '../src/optimizers/tf-optimizer.ts'
import { backends, use } from './optimizers-harness.ts'

const { NaN: nan, POSITIVE_INFINITY: infinite } = Number

/** Gives the gradients as they are after clipping, and the norm before. */
function clip(
  options: { clipNorm?: number; clipValue?: number },
  ...gradients: number[][]
): { clipped: number[][]; norm: number | undefined } {
  return tf.tidy(() => {
    const optimizer = sgd({ learningRate: 1, ...options })
    const entries = gradients.map((values, i) => [`g${i}`, tf.tensor1d(values)] as const)
    const variables = new Map(gradients.map(({ length }, i) => [`g${i}`, tf.variable(tf.zeros([length]))]))
    optimizer.apply(new Map(entries), variables)
    for (const [i, [, gradient]] of entries.entries())
      expect([...gradient.dataSync()]).toEqual([...new Float32Array(gradients[i]!)])
    const clipped = [...variables.values()].map((variable) =>
      [...variable.dataSync()].map((value) => 0 - value),
    )
    const norm = optimizer.lastGradientNorm?.dataSync()[0]
    tf.dispose([...variables.values()])
    optimizer.dispose()
    return { clipped, norm }
  })
}

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend))

  test('clipNorm scales all gradients by one factor', () => {
    expect(clip({ clipNorm: 2.5 }, [3, 0], [-4])).toEqual({ clipped: [[1.5, 0], [-2]], norm: 5 })
  })

  test('clipNorm leaves gradients within the limit as they are, to the last bit', () => {
    const gradients = [[0.1, 1 / 3], [-1e-20]]
    const { clipped, norm } = clip({ clipNorm: 0.5 }, ...gradients)
    expect(clipped).toEqual(gradients.map((values) => Array.from(new Float32Array(values))))
    expect(norm).toBeCloseTo(Math.hypot(0.1, 1 / 3), 6)
    expect(clip({ clipNorm: 5 }, [3], [4]).clipped).toEqual([[3], [4]])
    expect(clip({ clipNorm: 5 }, [0], [0])).toEqual({ clipped: [[0], [0]], norm: 0 })
  })

  test('clipValue limits each element and measures no norm', () => {
    expect(clip({ clipValue: 1 }, [3, -0.5, 0], [-4])).toEqual({
      clipped: [[1, -0.5, 0], [-1]],
      norm: undefined,
    })
  })

  test('with both, the norm comes first', () => {
    expect(clip({ clipNorm: 2.5, clipValue: 1.75 }, [3], [-4])).toEqual({
      clipped: [[1.5], [-1.75]],
      norm: 5,
    })
  })

  test('a gradient that is not finite shows in the norm', () => {
    expect(clip({ clipNorm: 1 }, [1, nan], [1])).toEqual({ clipped: [[nan, nan], [nan]], norm: nan })
    expect(clip({ clipNorm: 1 }, [1, infinite], [1])).toEqual({ clipped: [[0, nan], [0]], norm: infinite })
  })

  test('clipValue lets NaN be seen, and limits infinity', () => {
    expect(clip({ clipValue: 1 }, [nan, infinite, -infinite, 2]).clipped).toEqual([[nan, 1, -1, 1]])
  })

  test('globalNorm takes all elements of all tensors, of any rank', () => {
    const before = tf.memory().numTensors
    tf.tidy(() => {
      const tensors = [
        tf.scalar(1),
        tf.mul(tf.ones([2, 3]), 2),
        tf.mul(tf.ones([1, 2, 2, 1]), -3),
        tf.zeros([0]),
        tf.zeros([0, 4]),
      ]
      expect(globalNorm(tensors).shape).toEqual([])
      expect(globalNorm(tensors).dataSync()[0]).toBeCloseTo(Math.sqrt(1 + 24 + 36), 5)
      expect(globalNorm([]).dataSync()[0]).toBe(0)
    })
    expect(tf.memory().numTensors).toBe(before)
  })

  test('the last norm is the only tensor that clipping keeps', () => {
    const variables = new Map([['w', tf.variable(tf.zeros([2]))]])
    const gradients = new Map([['w', tf.ones([2])]])
    const before = tf.memory().numTensors
    const optimizer = sgd({ learningRate: 1, clipNorm: 1, clipValue: 1 })
    expect(optimizer.lastGradientNorm).toBeUndefined()
    for (let step = 0; step < 3; step++) optimizer.apply(gradients, variables)
    expect(tf.memory().numTensors).toBe(before + 1)
    optimizer.dispose()
    expect(tf.memory().numTensors).toBe(before)
    tf.dispose([...variables.values(), ...gradients.values()])
  })

  test('an optimizer of TensorFlow.js is clipped, too', () => {
    const variables = new Map([['w', tf.variable(tf.zeros([2]))]])
    const optimizer = fromTfOptimizer(tf.train.sgd(1), { clipNorm: 2.5 })
    optimizer.apply(new Map([['w', tf.tensor1d([-3, -4])]]), variables)
    expect([...variables.get('w')!.dataSync()]).toEqual([1.5, 2])
    expect(optimizer.lastGradientNorm!.dataSync()[0]).toBe(5)
    optimizer.dispose()
  })
})
