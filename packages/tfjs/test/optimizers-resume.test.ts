import * as tf from '@tensorflow/tfjs'
import type { StateRecord } from '@trainyard/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { adagrad } from '../src/optimizers/adagrad.ts'
import { adam, adamW } from '../src/optimizers/adam.ts'
import type { Optimizer } from '../src/optimizers/optimizer.ts'
import { rmsprop } from '../src/optimizers/rmsprop.ts'
import { sgd } from '../src/optimizers/sgd.ts'
import { fromTfOptimizer } from '../src/optimizers/tf-optimizer.ts'
import { cosine, linearWarmup } from '../src/schedules.ts'
import { backends, bits, Model, shapes, use, type Weights } from './optimizers-harness.ts'

const schedule = linearWarmup({ steps: 5, to: cosine({ rate: 0.02, steps: 40 }) })

const makers: Record<string, () => Optimizer> = {
  sgd: () => sgd({ learningRate: 0.01, weightDecay: 0.1 }),
  'sgd with momentum': () => sgd({ learningRate: schedule, momentum: 0.9 }),
  'sgd with Nesterov momentum': () =>
    sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true, clipValue: 0.5 }),
  adam: () => adam({ learningRate: 0.01 }),
  'adam with schedule and clipping': () => adam({ learningRate: schedule, clipNorm: 0.3 }),
  adamW: () => adamW({ learningRate: 0.01, weightDecay: 0.2 }),
  rmsprop: () => rmsprop({ learningRate: 0.01 }),
  'rmsprop, centered with momentum': () =>
    rmsprop({ learningRate: 0.01, momentum: 0.9, centered: true, epsilon: 1e-3 }),
  adagrad: () => adagrad({ learningRate: 0.01, initialAccumulator: 0.1 }),
  'tf sgd': () => fromTfOptimizer(tf.train.sgd(0.01)),
  'tf momentum': () => fromTfOptimizer(tf.train.momentum(0.01, 0.9)),
  'tf nesterov': () => fromTfOptimizer(tf.train.momentum(0.01, 0.9, true), { learningRate: schedule }),
  'tf adagrad': () => fromTfOptimizer(tf.train.adagrad(0.01)),
  'tf adadelta': () => fromTfOptimizer(tf.train.adadelta(0.01)),
  'tf rmsprop': () => fromTfOptimizer(tf.train.rmsprop(0.01)),
  'tf rmsprop, centered with momentum': () => fromTfOptimizer(tf.train.rmsprop(0.001, 0.9, 0.9, 1e-7, true)),
  'tf adam': () => fromTfOptimizer(tf.train.adam(0.01)),
  'tf adamax': () => fromTfOptimizer(tf.train.adamax(0.01, 0.9, 0.999, 1e-7, 0.01)),
}

const cuts = [0, 1, 3, 10, 23]
const end = 35

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => use(backend))

  test.each(Object.entries(makers))('%s goes on bit for bit after a resume at any step', async (_, make) => {
    const before = tf.memory().numTensors
    const saved: { cut: number; weights: Weights; rate: number; state: StateRecord }[] = []
    const straight = new Model()
    const uncut = make()
    let done = 0
    for (const cut of cuts) {
      straight.train(uncut, done, cut)
      saved.push({
        cut,
        weights: straight.weights(),
        rate: uncut.learningRate,
        state: await uncut.getState(),
      })
      done = cut
    }
    straight.train(uncut, done, end)
    const expected = { weights: bits(straight.weights()), state: await uncut.getState() }
    for (const { cut, weights, rate, state } of saved) {
      const model = new Model(weights)
      const optimizer = make()
      // What a checkpoint gives is a copy, with the names in another order.
      const copy = structuredClone(state) as StateRecord
      optimizer.updateState({ ...copy, slots: Object.fromEntries(Object.entries(slots(copy)).toReversed()) })
      expect(await optimizer.getState()).toEqual(state)
      expect(optimizer.learningRate).toBe(rate)
      model.train(optimizer, cut, end)
      expect({ weights: bits(model.weights()), state: await optimizer.getState() }).toEqual(expected)
      optimizer.dispose()
      model.dispose()
    }
    uncut.dispose()
    straight.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})

function slots(state: StateRecord): StateRecord {
  return state['slots'] as StateRecord
}

describe('a state', () => {
  beforeAll(() => use('cpu'))

  test('replaces what an optimizer in use has, without growing', async () => {
    for (const make of [makers['adam']!, makers['tf adam']!]) {
      const model = new Model()
      const optimizer = make()
      model.train(optimizer, 0, 3)
      const state = await optimizer.getState()
      const before = tf.memory().numTensors
      model.train(optimizer, 3, 9)
      optimizer.updateState(state)
      expect(tf.memory().numTensors).toBe(before)
      expect(optimizer.iterations).toBe(3)
      expect(await optimizer.getState()).toEqual(state)
    }
  })

  test('is a copy that neither later updates nor its owner change', async () => {
    const model = new Model()
    const optimizer = adam({ learningRate: 0.01 })
    model.train(optimizer, 0, 3)
    const state = await optimizer.getState()
    const copy = structuredClone(state)
    const restored = adam({ learningRate: 0.01 })
    restored.updateState(state)
    model.train(optimizer, 3, 6)
    expect(state).toEqual(copy)
    const { m } = (state['slots'] as unknown as Record<string, { m: { data: Float32Array } }>)['gain']!
    m.data[0] = 7
    expect(await restored.getState()).toEqual(copy)
  })

  test('survives JSON, with its numbers in plain arrays', async () => {
    const model = new Model()
    const optimizer = adam({ learningRate: 0.01 })
    model.train(optimizer, 0, 3)
    const state = await optimizer.getState()
    const text = JSON.stringify(state, (_, value) => (value instanceof Float32Array ? [...value] : value))
    const restored = adam({ learningRate: 0.01 })
    restored.updateState(JSON.parse(text) as StateRecord)
    expect(await restored.getState()).toEqual(state)
  })

  test.each(['sgd with momentum', 'tf momentum'])(
    'of %s keeps the slots of variables that are not there',
    async (name) => {
      const make = makers[name]!
      const names = Object.keys(shapes)
      const model = new Model()
      const optimizer = make()
      model.train(optimizer, 0, 5)
      const state = await optimizer.getState()
      const restored = make()
      restored.updateState(state)
      const others = names.slice(1)
      const copy = new Model(model.weights())
      copy.variables.get(names[0]!)!.dispose()
      copy.variables.delete(names[0]!)
      copy.train(restored, 5, 8, others)
      const later = await restored.getState()
      expect(slots(later)[names[0]!]).toEqual(slots(state)[names[0]!])
      expect(slots(later)[names[1]!]).not.toEqual(slots(state)[names[1]!])
    },
  )

  test('that does not fit is refused, named, and changes nothing', async () => {
    const model = new Model()
    const optimizer = adam({ learningRate: 0.01 })
    model.train(optimizer, 0, 2)
    const state = await optimizer.getState()
    const gain = slots(state)['gain'] as StateRecord
    const withGain = (value: StateRecord): StateRecord => ({
      ...state,
      slots: { ...slots(state), gain: value },
    })
    const wrong: [state: StateRecord, message: string][] = [
      [
        { ...state, kind: 'sgd' },
        '[tfjs] the state is of optimizer "sgd", which "adam" (adam) cannot take over',
      ],
      [{ ...state, iterations: -1 }, 'no valid `iterations`: -1'],
      [{ ...state, learningRate: { current: null, replaced: null, scale: 'x' } }, 'no valid learningRate'],
      [
        { kind: 'adam', iterations: 2, learningRate: state['learningRate']! },
        '`slots` in the state of "adam" is no table',
      ],
      [withGain({ m: gain['m']! }), 'slot "v" of variable "gain" in the state of "adam" has no shape'],
      [
        withGain({ ...gain, v: { shape: [2], data: new Float32Array(3) } }),
        'has 3 numbers, but its shape [2] takes 2',
      ],
      [
        withGain({ ...gain, v: { shape: [1], data: ['x'] } }),
        'slot "v" of variable "gain" in the state of "adam" has no data',
      ],
      [
        withGain({ ...gain, w: gain['m']! }),
        'the state has a slot "w" for variable "gain", which "adam" does not use',
      ],
    ]
    for (const [broken, message] of wrong) expect(() => optimizer.updateState(broken)).toThrow(message)
    expect(await optimizer.getState()).toEqual(state)
  })

  test.each(['adam', 'tf adam'])('of another model is found out by %s at the next update', async (name) => {
    const model = new Model()
    const optimizer = makers[name]!()
    model.train(optimizer, 0, 1)
    const state = await optimizer.getState()
    const restored = makers[name]!()
    restored.updateState({
      ...state,
      slots: { ...slots(state), 'dense/bias': slots(state)['dense/kernel']! },
    })
    const before = model.weights()
    expect(() => model.train(restored, 1, 2)).toThrow(
      'of variable "dense/bias" has shape [3,5], the variable [5]',
    )
    expect(model.weights()).toEqual(before)
  })
})
