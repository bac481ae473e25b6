import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import type { Optimizer } from '../src/optimizers/optimizer.ts'
import { sgd } from '../src/optimizers/sgd.ts'
import { constant, cosine, linearWarmup, stepDecay } from '../src/schedules.ts'
import { use } from './optimizers-harness.ts'

beforeAll(() => use('cpu'))

/** Does updates whose gradient is 1, and gives by how much each one lowered the weight: its rate. */
function rates(optimizer: Optimizer, count: number): number[] {
  return Array.from({ length: count }, () =>
    tf.tidy(() => {
      const weight = tf.variable(tf.scalar(0))
      optimizer.apply(new Map([['w', tf.scalar(1)]]), new Map([['w', weight]]))
      const rate = 0 - weight.dataSync()[0]!
      weight.dispose()
      return rate
    }),
  )
}

test('a number is the rate of every update, until another one is set', () => {
  const optimizer = sgd({ learningRate: 0.5 })
  expect(optimizer.learningRate).toBe(0.5)
  expect(rates(optimizer, 2)).toEqual([0.5, 0.5])
  optimizer.learningRate = 0.25
  expect(optimizer.learningRate).toBe(0.25)
  expect(rates(optimizer, 2)).toEqual([0.25, 0.25])
  expect(optimizer.iterations).toBe(4)
})

test('a schedule is asked with the number of updates done; the rate is that of the last update', () => {
  const optimizer = sgd({ learningRate: (step) => 1 / 2 ** step })
  expect(optimizer.learningRate).toBe(1)
  expect(rates(optimizer, 3)).toEqual([1, 0.5, 0.25])
  expect(optimizer.learningRate).toBe(0.25)
})

test('setting the rate scales what is left of a schedule by the same factor', () => {
  const optimizer = sgd({ learningRate: stepDecay({ rate: 1, every: 2, factor: 0.5 }) })
  expect(rates(optimizer, 1)).toEqual([1])
  optimizer.learningRate = 0.5
  expect(optimizer.learningRate).toBe(0.5)
  expect(rates(optimizer, 4)).toEqual([0.5, 0.25, 0.25, 0.125])
  optimizer.learningRate *= 2
  expect(rates(optimizer, 2)).toEqual([0.25, 0.125])
})

test('setting the rate before the first update makes the first update have it', () => {
  const optimizer = sgd({ learningRate: linearWarmup({ steps: 3, to: 1 }) })
  expect(optimizer.learningRate).toBe(0.25)
  optimizer.learningRate = 0.5
  expect(rates(optimizer, 4)).toEqual([0.5, 1, 1.5, 2])
})

test('setting what was read changes nothing, also where a schedule is at 0', () => {
  const optimizer = sgd({ learningRate: cosine({ rate: 1, steps: 2 }) })
  optimizer.learningRate *= 1
  expect(rates(optimizer, 3)).toEqual([1, 0.5, 0])
  optimizer.learningRate = 0
  expect(rates(optimizer, 1)).toEqual([0])
  expect(() => (optimizer.learningRate = 0.1)).toThrow(
    '[tfjs] the learning rate of sgd cannot be set to 0.1: its schedule gives 0 at step 3, and no factor',
  )
})

test('a rate that is no rate is refused when it is set, or when a schedule gives it', () => {
  const optimizer = sgd({ learningRate: (step) => (step < 1 ? 1 : Number.NaN) })
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => (optimizer.learningRate = wrong)).toThrow(
      '[tfjs] `sgd learningRate` must be a number of at least 0',
    )
  rates(optimizer, 1)
  expect(() => rates(optimizer, 1)).toThrow('[tfjs] the schedule of sgd gave NaN at step 1')
  expect(optimizer.iterations).toBe(1)
})

test('a rate that was set is in the state; one that the program gives is not', async () => {
  const original = sgd({ learningRate: 0.5 })
  rates(original, 2)
  const untouched = await original.getState()
  original.learningRate = 0.25
  const touched = await original.getState()

  const same = sgd({ learningRate: 0.5 })
  same.updateState(touched)
  expect(same.learningRate).toBe(0.25)
  expect(rates(same, 1)).toEqual([0.25])

  const changedProgram = sgd({ learningRate: 2 })
  changedProgram.updateState(untouched)
  expect(changedProgram.learningRate).toBe(0.5)
  expect(rates(changedProgram, 1)).toEqual([2])
  expect(changedProgram.learningRate).toBe(2)
})

test('the factor on a schedule is in the state', async () => {
  const learningRate = stepDecay({ rate: 1, every: 2, factor: 0.5 })
  const original = sgd({ learningRate })
  rates(original, 1)
  original.learningRate = 4
  const restored = sgd({ learningRate })
  restored.updateState(await original.getState())
  expect(restored.learningRate).toBe(4)
  expect(rates(restored, 2)).toEqual(rates(original, 2))
  expect(rates(restored, 1)).toEqual([2])
})

test('a number and a constant schedule train alike', () => {
  expect(rates(sgd({ learningRate: constant(0.125) }), 3)).toEqual(rates(sgd({ learningRate: 0.125 }), 3))
})
