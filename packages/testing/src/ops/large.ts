import { float, given, type Op, opsOf } from '../op.ts'
import { random } from '../random.ts'

const op = opsOf('large')

function ids(length: number, below: number): number[] {
  const next = random('ids')
  return Array.from({ length }, () => Math.floor(next() * below))
}

/** Shapes as in training, too large to be checked every time: blocks, tails and buffers of kernels show here. */
export const largeOps: readonly Op[] = [
  op('large matMul', [float([129, 301]), float([301, 67])], (tf, a, b) => tf.matMul(a, b)),
  op('large matMul, both transposed', [float([301, 129]), float([67, 301])], (tf, a, b) =>
    tf.matMul(a, b, true, true),
  ),
  op('large matMul, batched', [float([5, 4, 33, 50]), float([5, 4, 35, 50])], (tf, a, b) =>
    tf.matMul(a, b, false, true),
  ),
  op('large fused.matMul', [float([4, 33, 100]), float([4, 100, 51]), float([51])], (tf, a, b, bias) =>
    tf.fused.matMul({ a, b, bias, activation: 'elu' }),
  ),
  op('large conv2d', [float([3, 17, 15, 9]), float([3, 3, 9, 21])], (tf, x, w) => tf.conv2d(x, w, 1, 'same')),
  op('large conv2d, stride 2', [float([3, 23, 22, 5]), float([5, 5, 5, 11])], (tf, x, w) =>
    tf.conv2d(x, w, 2, 'same'),
  ),
  op('large conv2d, dilation 2', [float([2, 19, 17, 5]), float([3, 3, 5, 9])], (tf, x, w) =>
    tf.conv2d(x, w, 1, 'valid', 'NHWC', 2),
  ),
  op('large conv2dTranspose', [float([2, 9, 8, 13]), float([3, 3, 7, 13])], (tf, x, w) =>
    tf.conv2dTranspose(x, w, [2, 18, 16, 7], 2, 'same'),
  ),
  op('large depthwiseConv2d', [float([3, 17, 15, 19]), float([3, 3, 19, 2])], (tf, x, w) =>
    tf.depthwiseConv2d(x, w, 1, 'same'),
  ),
  op('large conv3d', [float([1, 7, 6, 9, 5]), float([3, 3, 3, 5, 7])], (tf, x, w) =>
    tf.conv3d(x, w, 1, 'same'),
  ),
  op('large maxPool', [float([5, 21, 20, 17])], (tf, x) => tf.maxPool(x, 3, 2, 'same'), { ties: 'any' }),
  op('large avgPool', [float([5, 20, 20, 17])], (tf, x) => tf.avgPool(x, 2, 2, 'same')),
  op('large gather', [float([101, 33]), given([16, 15], ids(240, 101))], (tf, x, i) => tf.gather(x, i)),
  op('large softmax', [float([65, 129])], (tf, x) => tf.softmax(x)),
  op('large sum', [float([65, 33, 17])], (tf, x) => tf.sum(x, [0, 2])),
  op('large mean of everything', [float([65, 33, 17])], (tf, x) => tf.mean(x)),
  op('large transpose', [float([7, 9, 5, 11, 3])], (tf, x) => tf.transpose(x, [3, 1, 4, 0, 2])),
  op('large tile', [float([5, 7, 9])], (tf, x) => tf.tile(x, [3, 4, 5])),
  op('large moments', [float([9, 9, 9, 33])], (tf, x) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2])
    return tf.add(mean, variance)
  }),
]
