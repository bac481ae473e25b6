import { float, type Op, opsOf } from '../op.ts'

const op = opsOf('pooling')

type Shape4 = readonly [number, number, number, number]
type Two = number | [number, number]
type Pool = readonly [name: string, x: Shape4, size: Two, strides: Two, pad: 'same' | 'valid' | number]

const pools: readonly Pool[] = [
  ['2 s2 same', [2, 6, 6, 3], 2, 2, 'same'],
  ['2 s2 same, odd', [2, 7, 5, 3], 2, 2, 'same'],
  ['2 s1 valid', [1, 5, 5, 1], 2, 1, 'valid'],
  ['3 s2 valid', [2, 7, 7, 3], 3, 2, 'valid'],
  ['3 s2 same', [2, 8, 7, 3], 3, 2, 'same'],
  ['3 s1 same', [1, 5, 6, 2], 3, 1, 'same'],
  ['3 s3 same', [1, 10, 8, 2], 3, 3, 'same'],
  ['2x3 s3x1 valid', [1, 7, 6, 2], [2, 3], [3, 1], 'valid'],
  ['pad 1, 3 s2', [1, 6, 7, 2], 3, 2, 1],
  ['1x2 s2x3 same', [1, 7, 8, 2], [1, 2], [2, 3], 'same'],
  ['of the whole image', [2, 4, 5, 3], [4, 5], 1, 'valid'],
  ['1 s1', [1, 3, 4, 2], 1, 1, 'same'],
]

/** Maxima and means over windows. */
export const poolingOps: readonly Op[] = [
  ...pools.map(([name, shape, size, strides, pad]) =>
    op(`maxPool ${name}`, [float(shape)], (tf, x) => tf.maxPool(x, size, strides, pad), { ties: 'any' }),
  ),
  ...pools.map(([name, shape, size, strides, pad]) =>
    op(`avgPool ${name}`, [float(shape)], (tf, x) => tf.avgPool(x, size, strides, pad)),
  ),
  op('pool max, dilation 2', [float([1, 7, 7, 2])], (tf, x) => tf.pool(x, 2, 'max', 'same', 2, 1), {
    ties: 'any',
  }),
  op('pool avg, dilation 2', [float([1, 7, 7, 2])], (tf, x) => tf.pool(x, 2, 'avg', 'valid', 2, 1)),
  op('maxPoolWithArgmax', [float([2, 6, 6, 3])], (tf, x) => tf.maxPoolWithArgmax(x, 2, 2, 'same').result!, {
    noGradient: 'TensorFlow.js has none for MaxPoolWithArgmax.',
  }),
  op(
    'maxPoolWithArgmax (indices)',
    [float([2, 7, 7, 3])],
    (tf, x) => tf.maxPoolWithArgmax(x, 3, 2, 'valid', true).indexes!,
    {
      noGradient: 'Its result is an index.',
    },
  ),
]
