import type { Tensor, Tensor4D } from '@tensorflow/tfjs'

import { float, type Notes, type Op, opsOf, type TensorFlow } from '../op.ts'

const op = opsOf('elementwise')

type Unary = {
  [K in keyof TensorFlow]: TensorFlow[K] extends (x: Tensor) => Tensor ? K : never
}[keyof TensorFlow]

// Odd lengths: kernels that take four or eight numbers at a time have a rest to do.
function unary(name: Unary, range?: readonly [number, number], notes?: Notes): Op {
  return op(name, [float([7, 15], range)], (tf, x) => (tf[name] as (x: Tensor) => Tensor)(x), notes)
}

const rounded = { convention: 'TensorFlow.js passes gradients through casts as they are.' }
const boolean = { noGradient: 'Its result is true or false.' }

// Its gradient is the second derivative.
type Derivable =
  | 'square'
  | 'sin'
  | 'exp'
  | 'sigmoid'
  | 'tanh'
  | 'softplus'
  | 'elu'
  | 'selu'
  | 'relu'
  | 'logSigmoid'
  | 'erf'

function derivative(name: Derivable): Op {
  return op(`derivative of ${name}`, [float([5, 7])], (tf, x) => tf.grad((y) => tf[name](y))(x))
}

/** Functions of each element by itself. */
export const elementwiseOps: readonly Op[] = [
  unary('abs'),
  unary('neg'),
  unary('clone'),
  unary('sign'),
  unary('square'),
  unary('exp'),
  unary('expm1'),
  unary('sin'),
  unary('cos'),
  // Near its poles the rounding of float32 decides.
  unary('tan', [-1.4, 1.4]),
  unary('sinh'),
  unary('cosh'),
  unary('tanh'),
  unary('asinh'),
  unary('atan'),
  unary('erf'),
  unary('sigmoid'),
  unary('logSigmoid'),
  unary('softplus'),
  unary('relu'),
  unary('relu6'),
  unary('elu'),
  unary('selu'),
  unary('leakyRelu'),
  unary('step'),
  unary('round'),
  unary('floor'),
  unary('ceil'),
  unary('reciprocal'),
  unary('zerosLike'),
  unary('onesLike'),
  unary('log', [0.1, 8]),
  unary('log1p', [-0.8, 8]),
  unary('sqrt', [0.1, 8]),
  unary('rsqrt', [0.1, 8]),
  unary('asin', [-0.9, 0.9]),
  unary('acos', [-0.9, 0.9]),
  unary('atanh', [-0.9, 0.9]),
  unary('acosh', [1.1, 6]),
  unary('isNaN', [-1, 1], boolean),
  unary('isFinite', [-1, 1], boolean),
  unary('isInf', [-1, 1], boolean),
  op('leakyRelu with slope 0.3', [float([3, 5, 7])], (tf, x) => tf.leakyRelu(x, 0.3)),
  op('step with slope 0.5', [float([5, 7])], (tf, x) => tf.step(x, 0.5)),
  op('clipByValue', [float([7, 15])], (tf, x) => tf.clipByValue(x, -0.5, 0.5)),
  op('tanh of a scalar', [float([])], (tf, x) => tf.tanh(x)),
  op('sigmoid of rank 6', [float([2, 1, 3, 1, 2, 3])], (tf, x) => tf.sigmoid(x)),
  op('relu of nothing', [float([0, 3])], (tf, x) => tf.relu(x)),
  op('cast to int32', [float([7, 15])], (tf, x) => tf.cast(x, 'int32'), rounded),
  op('cast to bool and back', [float([7, 15])], (tf, x) => tf.cast(tf.cast(x, 'bool'), 'float32'), rounded),
  op('gelu', [float([5, 7])], (tf, x) => {
    const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3))))
    return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.tanh(inner)))
  }),
  op('swish', [float([5, 7])], (tf, x) => tf.mul(x, tf.sigmoid(x))),
  derivative('square'),
  derivative('sin'),
  derivative('exp'),
  derivative('sigmoid'),
  derivative('tanh'),
  derivative('softplus'),
  derivative('logSigmoid'),
  derivative('erf'),
  derivative('elu'),
  derivative('selu'),
  op('derivative of pow', [float([5, 7], [0.2, 3]), float([5, 7], [-2, 2])], (tf, x, y) =>
    tf.grad((base) => tf.pow(base, y))(x),
  ),
  op('derivative of conv2d', [float([1, 5, 4, 2]), float([3, 2, 2, 3])], (tf, x, filter) => {
    const squares = (a: Tensor, b: Tensor): Tensor =>
      tf.square(tf.conv2d(a as Tensor4D, b as Tensor4D, 2, 'same'))
    return tf.concat(
      tf
        .grads(squares)([x, filter])
        .map((slope) => tf.reshape(slope, [-1])),
    )
  }),
  op('derivative of softmax', [float([5, 7])], (tf, x) => tf.grad((y) => tf.square(tf.softmax(y)))(x)),
  op('derivative of logSoftmax', [float([5, 7])], (tf, x) => tf.grad((y) => tf.square(tf.logSoftmax(y)))(x)),
  op('derivative of the derivative of exp', [float([5, 7])], (tf, x) =>
    tf.grad((y) => tf.grad((z: typeof y) => tf.exp(z))(y))(x),
  ),
  op('derivative of x · tanh x', [float([5, 7])], (tf, x) => tf.grad((y) => tf.mul(tf.tanh(y), y))(x)),
]
