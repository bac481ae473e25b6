import { float, ints, type Op, opsOf } from '../op.ts'

const op = opsOf('creation')

// Numbers are drawn in JavaScript, and with a seed the same ones on every backend.
const constant = { noGradient: 'Its result does not depend on the input.' }

/** Functions that make tensors of nothing, or by chance. */
export const creationOps: readonly Op[] = [
  op('eye', [], (tf) => tf.eye(4, 5, [2])),
  op('fill', [], ({ fill }) => fill([3, 4], 0.5)),
  op('fill (integers)', [], ({ fill }) => fill([3, 4], 7, 'int32')),
  op('linspace', [], (tf) => tf.linspace(-1, 2, 13)),
  op('range', [], (tf) => tf.range(5, -4, -2)),
  op('range (integers)', [], (tf) => tf.range(0, 9, 1, 'int32')),
  op('meshgrid', [float([4]), float([3])], (tf, a, b) => tf.addN(tf.meshgrid(a, b))),
  op('zeros and ones', [], (tf) => tf.concat([tf.zeros([2, 3]), tf.ones([1, 3])])),
  op('diag', [float([5])], (tf, x) => tf.diag(x), { noGradient: 'TensorFlow.js has none for Diag.' }),
  op('randomNormal (seed)', [], (tf) => tf.randomNormal([4, 5], 1, 2, 'float32', 7)),
  op('randomStandardNormal (seed)', [], (tf) => tf.randomStandardNormal([4, 5], 'float32', 7)),
  op('truncatedNormal (seed)', [], (tf) => tf.truncatedNormal([4, 5], 0, 1, 'float32', 7)),
  op('randomUniform (seed)', [], (tf) => tf.randomUniform([4, 5], -1, 1, 'float32', 7)),
  op('randomUniformInt (seed)', [], (tf) => tf.randomUniformInt([4, 5], 0, 100, 7)),
  op('randomGamma (seed)', [], (tf) => tf.randomGamma([4, 5], 2, 1, 'float32', 7)),
  op('rand', [], (tf) => tf.rand([4, 5], () => 0.5)),
  op('oneHot of integers', [ints(0, 2, 1)], (tf, i) => tf.oneHot(i, 4), constant),
]
