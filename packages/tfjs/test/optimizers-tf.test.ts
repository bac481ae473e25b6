import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, test } from 'vitest'
import { fromTfOptimizer } from '../src/optimizers/tf-optimizer.ts'
import { gradient, Model, shapes, use } from './optimizers-harness.ts'

beforeAll(() => use('cpu'))

const makers: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.01),
  momentum: () => tf.train.momentum(0.01, 0.9),
  nesterov: () => tf.train.momentum(0.01, 0.9, true),
  adagrad: () => tf.train.adagrad(0.01),
  adadelta: () => tf.train.adadelta(0.01),
  rmsprop: () => tf.train.rmsprop(0.01),
  'centered rmsprop': () => tf.train.rmsprop(0.001, 0.9, 0.9, 1e-7, true),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
}

/** Trains with TF.js alone. */
function trainBare(optimizer: tf.Optimizer, model: Model, from: number, to: number): void {
  for (let step = from; step < to; step++)
    tf.tidy(() => {
      const named = [...model.variables].map(([name, variable]) => ({
        name: variable.name,
        tensor: tf.tensor(gradient(name, step), shapes[name]!),
      }))
      optimizer.applyGradients(named)
    })
}

test.each(Object.entries(makers))(
  '%s trains as it does without the wrapper, and is freed with it',
  (_, make) => {
    const bare = make()
    const [expected, model] = [new Model(), new Model()]
    trainBare(bare, expected, 0, 10)
    const before = tf.memory().numTensors
    const optimizer = fromTfOptimizer(make())
    model.train(optimizer, 0, 10)
    expect(model.weights()).toEqual(expected.weights())
    const used = tf.memory().numTensors
    model.train(optimizer, 10, 13)
    expect(tf.memory().numTensors).toBe(used)
    optimizer.dispose()
    expect(tf.memory().numTensors).toBe(before)
  },
)

test.each(Object.entries(makers))('a learning rate that is set takes effect in %s', (_, make) => {
  const [still, model] = [new Model(), new Model()]
  const optimizer = fromTfOptimizer(make())
  model.train(optimizer, 0, 2)
  const before = model.weights()
  optimizer.learningRate = 0
  // RMSProp's momentum holds old rates; everything else has to stand still.
  model.train(optimizer, 2, 3)
  if (!optimizer.name.includes('RMSProp')) expect(model.weights()).toEqual(before)
  expect(optimizer.learningRate).toBe(0)
  optimizer.learningRate = 0.5
  model.train(optimizer, 3, 4)
  expect(model.weights()).not.toEqual(before)
  still.dispose()
})

test('a frozen variable does not shift the slots of the others', () => {
  const names = Object.keys(shapes)
  const others = names.slice(1)
  const [withAll, withOthers] = [new Model(), new Model()]
  const [one, other] = [
    fromTfOptimizer(tf.train.momentum(0.01, 0.9)),
    fromTfOptimizer(tf.train.momentum(0.01, 0.9)),
  ]
  withAll.train(one, 0, 5)
  withAll.train(one, 5, 10, others)
  withAll.train(one, 10, 15, names.toReversed())
  withOthers.train(other, 0, 15, others.toReversed())
  for (const name of others) expect(withAll.weights()[name]).toEqual(withOthers.weights()[name])
})

test('an optimizer that was used before goes on, in whatever order its variables come', async () => {
  const expected = new Model()
  const bare = tf.train.adam(0.01)
  trainBare(bare, expected, 0, 12)
  const model = new Model()
  const used = tf.train.adam(0.01)
  trainBare(used, model, 0, 5)
  const optimizer = fromTfOptimizer(used)
  expect(optimizer.iterations).toBe(5)
  const reversed = new Map([...model.variables].toReversed())
  for (let step = 5; step < 12; step++)
    optimizer.apply(
      new Map(Object.keys(shapes).map((name) => [name, tf.tensor(gradient(name, step), shapes[name]!)])),
      reversed,
    )
  expect(model.weights()).toEqual(expected.weights())
  expect(Object.keys((await optimizer.getState())['slots'] as object).toSorted()).toEqual(
    Object.keys(shapes).toSorted(),
  )
})

test('the powers of Adam are not differentiated with the model', () => {
  const wrapped = fromTfOptimizer(tf.train.adam(0.01))
  const registered = Object.values(tf.engine().registeredVariables).filter(
    ({ shape, trainable }) => trainable && shape.length === 0,
  )
  const w = tf.variable(tf.scalar(2), true, 'only-one')
  const { grads } = tf.variableGrads(() => tf.square(w) as tf.Scalar)
  expect(Object.keys(grads)).toContain('only-one')
  for (const name of Object.keys(grads))
    expect(['only-one', ...registered.map((variable) => variable.name)]).toContain(name)
  wrapped.dispose()
})

test('what is no optimizer, and a state of another class, are refused', async () => {
  expect(() => fromTfOptimizer({} as tf.Optimizer)).toThrow(
    '[tfjs] fromTfOptimizer takes a tf.Optimizer such as tf.train.adam()',
  )
  const state = await fromTfOptimizer(tf.train.sgd(0.1)).getState()
  expect(() => fromTfOptimizer(tf.train.adam(0.1)).updateState(state)).toThrow(
    'the state is of optimizer "tf.SGD", which "tf.Adam" (tf.Adam) cannot take over',
  )
})

test('a variable that was disposed is named', () => {
  const model = new Model()
  model.variables.get('gain')!.dispose()
  expect(() => model.train(fromTfOptimizer(tf.train.adam(0.1)), 0, 1)).toThrow(
    '[tfjs] variable "gain" is disposed',
  )
})
