import type { Tensor, Tensor2D } from '@tensorflow/tfjs'

import { float, given, type Op, opsOf, type TensorFlow } from '../op.ts'

const op = opsOf('composition')

/** Attends with a causal mask; the heads are the second axis. */
function attention(tf: TensorFlow, q: Tensor, k: Tensor, v: Tensor): Tensor {
  const [length, depth] = q.shape.slice(-2) as [number, number]
  const future = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? -1e9 : 0,
  )
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(depth))
  return tf.matMul(tf.softmax(tf.add(scores, tf.tensor(future, [length, length]))), v)
}

const seven = [float([2, 3]), float([2, 4]), float([2, 4]), float([7, 16]), float([16])] as const

// Near its limits a sigmoid s is rounded to float32, and its derivative s · (1 - s) loses digits.
const saturated = { tolerance: 1e-3 }

/** Operations that draw numbers, and those that networks put together. */
export const compositionOps: readonly Op[] = [
  op('dropout (seed)', [float([7, 15])], (tf, x) => tf.dropout(x, 0.5, undefined, 7)),
  op('dropout (seed, noise shape)', [float([4, 5])], (tf, x) => tf.dropout(x, 0.4, [4, 1], 3)),
  // So certain that every generator draws the same.
  op(
    'multinomial',
    [given([2, 3], [0, 200, 0, 200, 0, 0], 'float32')],
    (tf, x) => tf.multinomial(x as Tensor2D, 3, 1),
    {
      noGradient: 'Its result is drawn by chance.',
    },
  ),
  op('attention', [float([2, 2, 5, 4]), float([2, 2, 5, 4]), float([2, 2, 5, 4])], attention),
  op(
    'basicLSTMCell',
    seven,
    (tf, x, c, h, kernel, bias) => tf.concat(tf.basicLSTMCell(1, kernel, bias, x, c, h), 1),
    saturated,
  ),
  op(
    'multiRNNCell',
    seven,
    (tf, x, c, h, kernel, bias) => {
      const cell = (data: Tensor2D, state: Tensor2D, output: Tensor2D): [Tensor2D, Tensor2D] =>
        tf.basicLSTMCell(tf.scalar(1), kernel, bias, data, state, output)
      const [states, outputs] = tf.multiRNNCell([cell], x, [c], [h])
      return tf.concat([...states, ...outputs], 1)
    },
    saturated,
  ),
  op('movingAverage', [float([4, 5]), float([4, 5])], (tf, v, x) => tf.movingAverage(v, x, 0.9, 3)),
  op(
    'GRU step',
    [float([2, 3]), float([2, 4]), float([7, 8]), float([7, 4])],
    (tf, x, h, gates, candidate) => {
      const [reset, update] = tf.split(tf.sigmoid(tf.matMul(tf.concat([x, h], 1), gates)), 2, 1) as [
        Tensor2D,
        Tensor2D,
      ]
      const next = tf.tanh(tf.matMul(tf.concat([x, tf.mul(reset, h)], 1), candidate))
      return tf.add(tf.mul(update, h), tf.mul(tf.sub(1, update), next))
    },
    saturated,
  ),
  op('dense layers', [float([5, 6]), float([6, 8]), float([8]), float([8, 3])], (tf, x, w, b, v) =>
    tf.logSoftmax(tf.matMul(tf.relu(tf.add(tf.matMul(x, w), b)), v)),
  ),
  op(
    'convolution, batch norm, relu and pool',
    [float([2, 6, 6, 2]), float([3, 3, 2, 3]), float([3])],
    (tf, x, filter, scale) => {
      const y = tf.conv2d(x, filter, 1, 'same')
      const { mean, variance } = tf.moments(y, [0, 1, 2], true)
      const normal = tf.mul(tf.mul(tf.sub(y, mean), tf.rsqrt(tf.add(variance, 1e-3))), scale)
      return tf.maxPool(tf.relu(normal as typeof y), 2, 2, 'valid')
    },
  ),
  op('a tensor used twice', [float([4, 5])], (tf, x) => tf.mul(tf.matMul(x, x, false, true), tf.sum(x))),
]
