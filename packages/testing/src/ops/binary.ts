import type { Tensor } from '@tensorflow/tfjs'

import { float, ints, type Notes, type Op, opsOf, type TensorFlow } from '../op.ts'

const op = opsOf('binary')

type Binary = {
  [K in keyof TensorFlow]: TensorFlow[K] extends (a: Tensor, b: Tensor) => Tensor ? K : never
}[keyof TensorFlow]

const shapes = [
  { name: 'same shape', a: [7, 15], b: [7, 15] },
  { name: 'row', a: [4, 5], b: [5] },
  { name: 'row first', a: [5], b: [4, 5] },
  { name: 'column', a: [4, 5], b: [4, 1] },
  { name: 'both ways', a: [3, 1, 5], b: [2, 1] },
  { name: 'scalar', a: [3, 5], b: [] },
] as const

function binary(
  name: Binary,
  rangeA?: readonly [number, number],
  rangeB?: readonly [number, number],
  notes?: Notes,
): Op[] {
  return shapes.map(({ name: shape, a, b }) =>
    op(
      `${name} (${shape})`,
      [float<readonly number[]>(a, rangeA), float<readonly number[]>(b, rangeB)],
      (tf, x, y) => (tf[name] as (x: Tensor, y: Tensor) => Tensor)(x, y),
      notes,
    ),
  )
}

const boolean = { noGradient: 'Its result is true or false.' }

function comparison(name: Binary): Op {
  const inputs = [float([4, 5]), float([5])] as const
  return op(name, inputs, (tf, a, b) => (tf[name] as (x: Tensor, y: Tensor) => Tensor)(a, b), boolean)
}

function logical(name: 'logicalAnd' | 'logicalOr' | 'logicalXor'): Op {
  return op(
    name,
    [float([4, 5]), float([5])],
    (tf, a, b) => tf[name](tf.greater(a, 0), tf.greater(b, 0)),
    boolean,
  )
}

const divisor = [0.25, 2] as const

/** Functions of two tensors, broadcast in every way. */
export const binaryOps: readonly Op[] = [
  ...binary('add'),
  ...binary('sub'),
  ...binary('mul'),
  ...binary('div', undefined, divisor),
  ...binary('maximum'),
  ...binary('minimum'),
  ...binary('squaredDifference'),
  ...binary('mod', [-4, 4], divisor),
  ...binary('floorDiv', [-4, 4], divisor),
  ...binary('pow', [0.2, 3], [-2, 2]),
  ...binary('atan2', undefined, divisor),
  ...binary('prelu'),
  op('atan2 in all quadrants', [float([7, 15]), float([7, 15])], (tf, a, b) => tf.atan2(a, b)),
  op('div by anything', [float([7, 15]), float([7, 15])], (tf, a, b) => tf.div(a, b)),
  op('divNoNan', [float([7, 15]), float([7, 15])], (tf, a, b) => tf.divNoNan(a, b)),
  op('pow of negative numbers', [float([4, 5])], (tf, x) => tf.pow(x, 3)),
  op('addN', [float([4, 5]), float([4, 5]), float([4, 5])], (tf, a, b, c) => tf.addN([a, b, c])),
  op('bitwiseAnd', [ints(6, 3, 255, -1), ints(3, 12, 15, 77)], (tf, a, b) => tf.bitwiseAnd(a, b)),
  op('broadcastArgs', [ints(4, 1, 3), ints(2, 1)], (tf, a, b) => tf.broadcastArgs(a, b)),
  comparison('equal'),
  comparison('notEqual'),
  comparison('greater'),
  comparison('greaterEqual'),
  comparison('less'),
  comparison('lessEqual'),
  logical('logicalAnd'),
  logical('logicalOr'),
  logical('logicalXor'),
  op('logicalNot', [float([4, 5])], (tf, x) => tf.logicalNot(tf.greater(x, 0)), boolean),
  op('where (greater)', [float([4, 5]), float([4, 5])], (tf, a, b) => tf.where(tf.greater(a, b), a, b)),
  op('where (less)', [float([4, 5]), float([4, 5])], (tf, a, b) => tf.where(tf.less(a, b), a, b)),
  op('where (greaterEqual 0)', [float([4, 5])], (tf, x) =>
    tf.where(tf.greaterEqual(x, 0), x, tf.mul(x, 0.1)),
  ),
  op('where (lessEqual 0)', [float([4, 5])], (tf, x) => tf.where(tf.lessEqual(x, 0), tf.mul(x, 0.1), x)),
  op('where (equal 0)', [float([4, 5])], (tf, x) => tf.where(tf.equal(x, 0), tf.sin(x), x)),
  op('where (notEqual 0)', [float([4, 5])], (tf, x) => tf.where(tf.notEqual(x, 0), x, tf.sin(x))),
  op('where (logicalAnd)', [float([4, 5])], (tf, x) =>
    tf.where(tf.logicalAnd(tf.greater(x, -0.5), tf.less(x, 0.5)), tf.mul(x, 2), tf.add(x, tf.sign(x))),
  ),
  op('where (broadcast)', [float([4, 5]), float([4, 1])], (tf, a, b) =>
    tf.where(tf.tensor2d([1, 0, 1, 0], [4, 1], 'bool'), a, b),
  ),
]
