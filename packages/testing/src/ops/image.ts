import { float, type Op, opsOf } from '../op.ts'

const op = opsOf('image')

type Size = readonly [number, number]

function resize(
  kind: 'resizeBilinear' | 'resizeNearestNeighbor',
  size: Size,
  corners = false,
  half = false,
): Op {
  const how = [size.join('x'), corners && 'aligned corners', half && 'half-pixel centers'].filter(Boolean)
  return op(`${kind} 4x3 to ${how.join(', ')}`, [float([1, 4, 3, 2])], (tf, x) =>
    tf.image[kind](x, [...size], corners, half),
  )
}

/** Functions of images. */
export const imageOps: readonly Op[] = [
  ...(['resizeBilinear', 'resizeNearestNeighbor'] as const).flatMap((kind) => [
    resize(kind, [8, 6]),
    resize(kind, [5, 7]),
    resize(kind, [2, 2]),
    resize(kind, [7, 5], true),
    resize(kind, [7, 5], false, true),
  ]),
  op(
    'cropAndResize',
    [float([1, 5, 5, 2])],
    (tf, x) =>
      tf.image.cropAndResize(x, tf.tensor2d([[0.1, 0.2, 0.8, 0.9]]), tf.tensor1d([0], 'int32'), [3, 3]),
    { noGradient: 'TensorFlow.js has none for CropAndResize.' },
  ),
  op('flipLeftRight', [float([1, 3, 4, 2])], (tf, x) => tf.image.flipLeftRight(x), {
    noGradient: 'TensorFlow.js has none for FlipLeftRight.',
  }),
]
