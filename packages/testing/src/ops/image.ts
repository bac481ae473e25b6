import { float, given, type Op, opsOf } from '../op.ts'

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

const index = { noGradient: 'Its result is made of indices.' }

const boxes = given(
  [5, 4],
  [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.1, 1, 11.1],
  'float32',
)
const scores = given([5], [0.9, 0.75, 0.6, 0.95, 0.5], 'float32')

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
  op(
    'cropAndResize (nearest, two boxes, turned over)',
    [float([2, 5, 5, 2])],
    (tf, x) =>
      tf.image.cropAndResize(
        x,
        tf.tensor2d([
          [0.1, 0.2, 0.8, 0.9],
          [0.9, 0, 0.1, 1.2],
        ]),
        tf.tensor1d([1, 0], 'int32'),
        [3, 4],
        'nearest',
        0.5,
      ),
    { noGradient: 'TensorFlow.js has none for CropAndResize.' },
  ),
  op('grayscaleToRGB', [float([2, 3, 4, 1])], (tf, x) => tf.image.grayscaleToRGB(x)),
  op('rgbToGrayscale', [float([2, 3, 4, 3])], (tf, x) => tf.image.rgbToGrayscale(x)),
  op('rotateWithOffset', [float([1, 6, 5, 2])], (tf, x) => tf.image.rotateWithOffset(x, 0.7, 0.5, 0.4), {
    noGradient: 'TensorFlow.js has none for RotateWithOffset.',
  }),
  op('threshold', [float([4, 5, 1], [0, 255])], (tf, x) => tf.image.threshold(x, 'binary', false, 0.4), {
    noGradient: 'Its result is black or white.',
  }),
  // It tries every threshold, so once has to do.
  op(
    "threshold (Otsu's, inverted)",
    [
      given(
        [4, 5, 1],
        [12, 200, 31, 180, 90, 7, 255, 0, 140, 66, 210, 18, 99, 240, 51, 3, 175, 120, 220, 40],
      ),
    ],
    (tf, x) => tf.image.threshold(tf.cast(x, 'float32'), 'otsu', true),
  ),
  ...(['nearest', 'bilinear'] as const).flatMap((interpolation) =>
    (['constant', 'reflect', 'wrap', 'nearest'] as const).map((fill) =>
      op(
        `transform (${interpolation}, ${fill})`,
        [float([1, 5, 6, 2])],
        (tf, x) =>
          tf.image.transform(
            x,
            tf.tensor2d([[0.9, 0.2, -1, -0.1, 1.1, 0.5, 0.01, 0.02]]),
            interpolation,
            fill,
            0.25,
            [7, 6],
          ),
        { noGradient: 'TensorFlow.js has none for Transform.' },
      ),
    ),
  ),
  op(
    'nonMaxSuppression',
    [boxes, scores],
    (tf, x, s) => tf.image.nonMaxSuppression(x, s, 4, 0.4, 0.1),
    index,
  ),
  op(
    'nonMaxSuppressionWithScore',
    [boxes, scores],
    (tf, x, s) => {
      const found = tf.image.nonMaxSuppressionWithScore(x, s, 4, 0.4, 0.1, 0.5)
      return tf.concat([tf.cast(found['selectedIndices']!, 'float32'), found['selectedScores']!])
    },
    index,
  ),
  op(
    'nonMaxSuppressionPadded',
    [boxes, scores],
    (tf, x, s) => {
      const found = tf.image.nonMaxSuppressionPadded(x, s, 5, 0.4, 0.1, true)
      return tf.concat([found['selectedIndices']!, tf.reshape(found['validOutputs']!, [1])])
    },
    index,
  ),
  op('flipLeftRight', [float([1, 3, 4, 2])], (tf, x) => tf.image.flipLeftRight(x), {
    noGradient: 'TensorFlow.js has none for FlipLeftRight.',
  }),
]
