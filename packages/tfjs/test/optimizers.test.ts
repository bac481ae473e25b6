import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { adagrad } from '../src/optimizers/adagrad.ts'
import { adam, adamW } from '../src/optimizers/adam.ts'
import type { Optimizer } from '../src/optimizers/optimizer.ts'
import { rmsprop } from '../src/optimizers/rmsprop.ts'
import { sgd } from '../src/optimizers/sgd.ts'
import { backends, bits, gradient, initialWeights, Model, shapes, use } from './optimizers-harness.ts'

const learningRate = 0.01
const steps = 40

/** Gives the new weight, in float64; `slots` keeps what the formula needs, `t` counts from 1. */
type Formula = (w: number, g: number, slots: Record<string, number>, t: number, name: string) => number

const adamFormula: Formula = (w, g, slots, t) => {
  const m = (slots['m'] = 0.9 * (slots['m'] ?? 0) + 0.1 * g)
  const v = (slots['v'] = 0.999 * (slots['v'] ?? 0) + 0.001 * g * g)
  return w - (learningRate * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
}

const cases: Record<string, [make: () => Optimizer, formula: Formula]> = {
  sgd: [() => sgd({ learningRate }), (w, g) => w - learningRate * g],
  'sgd with weight decay': [
    () => sgd({ learningRate, weightDecay: 0.1 }),
    (w, g) => w - learningRate * (g + 0.1 * w),
  ],
  'sgd with momentum': [
    () => sgd({ learningRate, momentum: 0.9 }),
    (w, g, slots) => w - learningRate * (slots['b'] = 0.9 * (slots['b'] ?? 0) + g),
  ],
  'sgd with Nesterov momentum and weight decay': [
    () => sgd({ learningRate, momentum: 0.9, nesterov: true, weightDecay: 0.05 }),
    (w, g, slots) => {
      const decayed = g + 0.05 * w
      const b = (slots['b'] = 0.9 * (slots['b'] ?? 0) + decayed)
      return w - learningRate * (decayed + 0.9 * b)
    },
  ],
  adam: [() => adam({ learningRate }), adamFormula],
  'adam with other constants': [
    () => adam({ learningRate, beta1: 0.5, beta2: 0.9, epsilon: 0.1 }),
    (w, g, slots, t) => {
      const m = (slots['m'] = 0.5 * (slots['m'] ?? 0) + 0.5 * g)
      const v = (slots['v'] = 0.9 * (slots['v'] ?? 0) + 0.1 * g * g)
      return w - (learningRate * (m / (1 - 0.5 ** t))) / (Math.sqrt(v / (1 - 0.9 ** t)) + 0.1)
    },
  ],
  adamW: [
    () => adamW({ learningRate, weightDecay: 0.2, decayFilter: (name) => !name.endsWith('bias') }),
    (w, g, slots, t, name) => {
      // Rounded as PyTorch's is: an error in a factor close to 1 adds up from step to step.
      const shrink = name.endsWith('bias') ? 1 : Math.fround(1 - learningRate * 0.2)
      return adamFormula(w * shrink, g, slots, t, name)
    },
  ],
  rmsprop: [
    () => rmsprop({ learningRate }),
    (w, g, slots) => {
      const s = (slots['s'] = 0.99 * (slots['s'] ?? 0) + 0.01 * g * g)
      return w - (learningRate * g) / (Math.sqrt(s) + 1e-8)
    },
  ],
  'rmsprop, centered with momentum': [
    () => rmsprop({ learningRate, decay: 0.9, momentum: 0.5, centered: true, epsilon: 1e-3 }),
    (w, g, slots) => {
      const s = (slots['s'] = 0.9 * (slots['s'] ?? 0) + 0.1 * g * g)
      const a = (slots['a'] = 0.9 * (slots['a'] ?? 0) + 0.1 * g)
      const b = (slots['b'] = 0.5 * (slots['b'] ?? 0) + g / (Math.sqrt(s - a * a) + 1e-3))
      return w - learningRate * b
    },
  ],
  adagrad: [
    () => adagrad({ learningRate, initialAccumulator: 0.1 }),
    (w, g, slots) => w - (learningRate * g) / (Math.sqrt((slots['s'] = (slots['s'] ?? 0.1) + g * g)) + 1e-10),
  ],
}

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend))

  test.each(Object.entries(cases))('%s follows its formula', (_, [make, formula]) => {
    const model = new Model()
    const optimizer = make()
    model.train(optimizer, 0, steps)
    const weights = model.weights()
    for (const [name, initial] of Object.entries(initialWeights())) {
      const expected = [...initial].map((start, i) => {
        const slots = {}
        let w = start
        for (let t = 1; t <= steps; t++) w = formula(w, gradient(name, t - 1)[i]!, slots, t, name)
        return w
      })
      const largest = Math.max(...[...initial, ...expected].map(Math.abs))
      for (const [i, w] of expected.entries())
        expect(Math.abs(weights[name]![i]! - w) / largest).toBeLessThan(1e-6)
    }
    optimizer.dispose()
    model.dispose()
  })

  test.each(Object.entries(cases))('%s allocates nothing but its slots, and frees them', (_, [make]) => {
    const model = new Model()
    const before = tf.memory().numTensors
    const optimizer = make()
    model.train(optimizer, 0, 1)
    const afterOne = tf.memory().numTensors
    expect((afterOne - before) % Object.keys(shapes).length).toBe(0)
    tf.tidy(() => model.train(optimizer, 1, 4))
    expect(tf.memory().numTensors).toBe(afterOne)
    optimizer.dispose()
    expect(tf.memory().numTensors).toBe(before)
    expect(() => model.train(optimizer, 4, 5)).toThrow('is disposed')
    model.dispose()
  })
})

test.each(Object.entries(cases))('%s gives the same bits on cpu and wasm', async (_, [make]) => {
  const results = []
  for (const backend of backends) {
    await use(backend)
    const model = new Model()
    const optimizer = make()
    model.train(optimizer, 0, steps)
    results.push(bits(model.weights()))
    optimizer.dispose()
    model.dispose()
  }
  expect(results[0]).toEqual(results[1])
})

test('centered rmsprop survives a gradient that never changes', () => {
  const variables = new Map([['w', tf.variable(tf.tensor1d([1, 1, 1]))]])
  const gradients = new Map([['w', tf.tensor1d([0.1, 0.7, 3])]])
  const optimizer = rmsprop({ learningRate: 1e-9, decay: 0.5, centered: true })
  for (let step = 0; step < 60; step++) optimizer.apply(gradients, variables)
  expect([...variables.get('w')!.dataSync()].every(Number.isFinite)).toBe(true)
})

test('the first update of adam is one learning rate against the sign of the gradient', () => {
  const variables = new Map([['w', tf.variable(tf.tensor1d([1, 1, 1]))]])
  const optimizer = adam({ learningRate: 0.25 })
  optimizer.apply(new Map([['w', tf.tensor1d([3, -0.5, 0])]]), variables)
  const [up, down, still] = variables.get('w')!.dataSync()
  expect(up).toBeCloseTo(0.75, 6)
  expect(down).toBeCloseTo(1.25, 6)
  expect(still).toBe(1)
})

test('a frozen variable does not shift the slots of the others', () => {
  const names = Object.keys(shapes)
  const [frozen, ...others] = names as [string, ...string[]]
  const [withAll, withOthers] = [new Model(), new Model()]
  const [one, other] = [sgd({ learningRate, momentum: 0.9 }), sgd({ learningRate, momentum: 0.9 })]
  withAll.train(one, 0, 5)
  withAll.train(one, 5, 10, others)
  withAll.train(one, 10, 15, names.toReversed())
  withOthers.train(other, 0, 15, others)
  for (const name of others) expect(withAll.weights()[name]).toEqual(withOthers.weights()[name])
  expect(withAll.weights()[frozen]).not.toEqual(withOthers.weights()[frozen])
})

test('an update that does not fit changes nothing and names the variable', () => {
  const variables = new Map([
    ['a', tf.variable(tf.ones([2]))],
    ['b', tf.variable(tf.ones([3]))],
  ])
  const optimizer = adam({ learningRate })
  const good = tf.ones([2])
  expect(() =>
    optimizer.apply(
      new Map([
        ['a', good],
        ['b', tf.ones([1])],
      ]),
      variables,
    ),
  ).toThrow('[tfjs] the gradient of "b" has shape [1], the variable [3]')
  expect(() =>
    optimizer.apply(
      new Map([
        ['a', good],
        ['c', good],
      ]),
      variables,
    ),
  ).toThrow('a gradient for "c"')
  expect([...variables.get('a')!.dataSync()]).toEqual([1, 1])
  expect(optimizer.iterations).toBe(0)
})

test('wrong options are refused with the option, the value and a way out', () => {
  const wrong: [make: () => unknown, message: string][] = [
    [
      () => sgd({ learningRate: -1 }),
      '[tfjs] `sgd learningRate` must be a number of at least 0, not -1; pass a number like',
    ],
    [() => adam({ learningRate: Number.NaN }), '`adam learningRate` must be a number of at least 0, not NaN'],
    [() => adam({ learningRate: '0.1' as unknown as number }), '`adam learningRate`'],
    [
      () => adam({ learningRate, beta1: 1 }),
      '`adam beta1` must be at least 0 and below 1, not 1; a value like 0.9 is usual',
    ],
    [() => adamW({ learningRate, beta2: -0.1 }), '`adamW beta2` must be at least 0 and below 1, not -0.1'],
    [() => adamW({ learningRate, weightDecay: -1 }), '`adamW weightDecay`'],
    [
      () => adamW({ learningRate, decayFilter: 'bias' as unknown as () => boolean }),
      '`adamW decayFilter` must be a function',
    ],
    [() => adam({ learningRate, epsilon: 0 }), '`adam epsilon` must be a number above 0, not 0'],
    [() => sgd({ learningRate, momentum: 1.5 }), '`sgd momentum`'],
    [() => sgd({ learningRate, nesterov: true }), '`sgd nesterov` needs `momentum`'],
    [() => sgd({ learningRate, weightDecay: Number.POSITIVE_INFINITY }), '`sgd weightDecay`'],
    [() => rmsprop({ learningRate, decay: 1 }), '`rmsprop decay`'],
    [() => adagrad({ learningRate, initialAccumulator: -1 }), '`adagrad initialAccumulator`'],
    [
      () => sgd({ learningRate, clipNorm: 0 }),
      '`sgd clipNorm` must be a number above 0, not 0; leave it out for no clipping',
    ],
    [() => sgd({ learningRate, clipValue: Number.NaN }), '`sgd clipValue`'],
  ]
  for (const [make, message] of wrong) expect(make).toThrow(message)
})
