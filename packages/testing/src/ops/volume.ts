import { float, type Op, opsOf } from '../op.ts'

const op = opsOf('volume')

type Shape5 = readonly [number, number, number, number, number]
type Three = number | [number, number, number]

function conv3d(
  name: string,
  x: Shape5,
  size: readonly [number, number, number],
  strides: Three,
  pad: 'same' | 'valid',
): Op {
  return op(`conv3d ${name}`, [float(x), float([...size, x[4], 3] as Shape5)], (tf, input, filter) =>
    tf.conv3d(input, filter, strides, pad),
  )
}

function pool3d(
  kind: 'maxPool3d' | 'avgPool3d',
  name: string,
  x: Shape5,
  size: Three,
  strides: Three,
  pad: 'same' | 'valid',
): Op {
  return op(`${kind} ${name}`, [float(x)], (tf, input) => tf[kind](input, size, strides, pad), {
    ties: 'any',
  })
}

/** Convolutions and pools over three dimensions. */
export const volumeOps: readonly Op[] = [
  conv3d('same', [1, 4, 3, 4, 2], [2, 2, 2], 1, 'same'),
  conv3d('valid', [2, 3, 4, 3, 2], [2, 3, 2], 1, 'valid'),
  conv3d('3x3x3, same', [1, 3, 4, 3, 2], [3, 3, 3], 1, 'same'),
  conv3d('stride 2, same', [1, 4, 4, 5, 2], [2, 3, 2], 2, 'same'),
  conv3d('stride 2, valid', [2, 5, 4, 5, 1], [3, 2, 3], 2, 'valid'),
  conv3d('strides 1, 2 and 3', [1, 3, 4, 7, 2], [1, 2, 3], [1, 2, 3], 'valid'),
  conv3d('1x1x1', [1, 3, 2, 3, 3], [1, 1, 1], 1, 'same'),
  conv3d('depth 1', [1, 1, 5, 5, 2], [1, 3, 3], [1, 2, 2], 'same'),
  op(
    'conv3dTranspose',
    [float([1, 2, 2, 2, 3]), float([2, 2, 2, 2, 3])],
    (tf, x, filter) => tf.conv3dTranspose(x, filter, [1, 4, 4, 4, 2], 2, 'same'),
    { noGradient: 'TensorFlow.js has none for Conv3DBackpropInputV2.' },
  ),
  ...(['maxPool3d', 'avgPool3d'] as const).flatMap((kind) => [
    pool3d(kind, '2 s2 same', [1, 4, 4, 4, 2], 2, 2, 'same'),
    pool3d(kind, '2 s2 same, odd', [2, 3, 5, 3, 1], 2, 2, 'same'),
    pool3d(kind, '2 s1 valid', [1, 3, 4, 3, 2], 2, 1, 'valid'),
    pool3d(kind, '3 s2 same', [1, 5, 4, 5, 2], 3, 2, 'same'),
    pool3d(kind, '1x2x3 s1x2x1 valid', [1, 2, 4, 5, 3], [1, 2, 3], [1, 2, 1], 'valid'),
  ]),
]
