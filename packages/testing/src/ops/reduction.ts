import { float, type Notes, type Op, opsOf } from '../op.ts'

const op = opsOf('reduction')

type Reduction = 'sum' | 'mean' | 'max' | 'min' | 'prod' | 'logSumExp'

const variants = [
  { name: 'all', shape: [7, 15], axis: undefined, keep: false },
  { name: 'axis 0', shape: [7, 15], axis: 0, keep: false },
  { name: 'axis -1', shape: [7, 15], axis: -1, keep: false },
  { name: 'axis 1 of 3, kept', shape: [2, 3, 5], axis: 1, keep: true },
  { name: 'axes 0 and 2 of 3', shape: [3, 2, 5], axis: [0, 2], keep: false },
  { name: 'axes 1 and 2 of 4', shape: [2, 3, 2, 4], axis: [1, 2], keep: false },
] as const

function reductions(name: Reduction, range?: readonly [number, number], notes?: Notes): Op[] {
  return variants.map(({ name: variant, shape, axis, keep }) =>
    op(
      `${name} (${variant})`,
      [float<readonly number[]>(shape, range)],
      (tf, x) => tf[name](x, axis as number | number[] | undefined, keep),
      notes,
    ),
  )
}

const index = { noGradient: 'Its result is an index.' }
const absent = (name: string): Notes => ({ noGradient: `TensorFlow.js has none for ${name}.` })

function cumulative(name: string, axis: number, exclusive: boolean, reverse: boolean): Op {
  return op(name, [float([3, 4, 5])], (tf, x) => tf.cumsum(x, axis, exclusive, reverse))
}

/** Functions that take numbers together along axes. */
export const reductionOps: readonly Op[] = [
  ...reductions('sum'),
  ...reductions('mean'),
  ...reductions('max', undefined, { ties: 'any' }),
  ...reductions('min', undefined, { ties: 'any' }),
  // A product of 105 numbers of up to 6 is beyond float32.
  ...reductions('prod', [0.5, 1.5], { tolerance: 1e-3 }),
  ...reductions('logSumExp'),
  op('prod with negative numbers', [float([4, 5])], (tf, x) => tf.prod(x, 1)),
  op('norm (euclidean)', [float([4, 5])], (tf, x) => tf.norm(x)),
  op('norm (euclidean, axis 1)', [float([4, 5])], (tf, x) => tf.norm(x, 'euclidean', 1)),
  op('euclideanNorm', [float([4, 5])], (tf, x) => tf.euclideanNorm(x, 0, true)),
  op('norm (matrix, axes 0 and 1)', [float([3, 4, 2])], (tf, x) => tf.norm(x, 'euclidean', [0, 1])),
  op('norm (1, axis 0)', [float([4, 5])], (tf, x) => tf.norm(x, 1, 0)),
  op('norm (infinity)', [float([4, 5])], (tf, x) => tf.norm(x, Infinity), { ties: 'any' }),
  op('moments', [float([7, 5])], (tf, x) => {
    const { mean, variance } = tf.moments(x, [0])
    return tf.add(mean, variance)
  }),
  op('moments (axes 0, 1, 2)', [float([2, 3, 3, 5])], (tf, x) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2], true)
    return tf.concat([mean, variance])
  }),
  cumulative('cumsum (axis 0)', 0, false, false),
  cumulative('cumsum (axis 1)', 1, false, false),
  cumulative('cumsum (axis 2)', 2, false, false),
  cumulative('cumsum (axis 0, exclusive)', 0, true, false),
  cumulative('cumsum (axis 1, reverse)', 1, false, true),
  cumulative('cumsum (axis 2, exclusive, reverse)', 2, true, true),
  op('cumsum (rank 1)', [float([9])], (tf, x) => tf.cumsum(x)),
  op('cumprod', [float([4, 5])], (tf, x) => tf.cumprod(x, 1), absent('Cumprod')),
  op('argMax', [float([4, 5])], (tf, x) => tf.argMax(x, 1), index),
  op('argMax (axis 0 of 3)', [float([4, 2, 3])], (tf, x) => tf.argMax(x, 0), index),
  op('argMin', [float([4, 5])], (tf, x) => tf.argMin(x, 1), index),
  op('topk', [float([4, 5])], (tf, x) => tf.topk(x, 2).values, absent('TopK')),
  op('topk (indices)', [float([4, 5])], (tf, x) => tf.topk(x, 3).indices, index),
  op('all', [float([4, 5])], (tf, x) => tf.all(tf.greater(x, -1.5), 1), {
    noGradient: 'Its result is true or false.',
  }),
  op('any', [float([4, 5])], (tf, x) => tf.any(tf.greater(x, 0.5), 0), {
    noGradient: 'Its result is true or false.',
  }),
  op('softmax', [float([7, 15])], (tf, x) => tf.softmax(x)),
  op('softmax (rank 4)', [float([2, 3, 4, 5])], (tf, x) => tf.softmax(x)),
  op('logSoftmax', [float([7, 15])], (tf, x) => tf.logSoftmax(x)),
  op('sum of integers', [float([4, 5])], (tf, x) => tf.sum(tf.cast(tf.mul(x, 10), 'int32'), 1), {
    convention: 'TensorFlow.js passes gradients through casts as they are.',
  }),
  op('sum of nothing', [float([0, 3])], (tf, x) => tf.sum(x, 0)),
  op('sum of true and false', [float([4, 5])], (tf, x) => tf.sum(tf.greater(x, 0), 0), {
    noGradient: 'Its result is an integer.',
  }),
]
