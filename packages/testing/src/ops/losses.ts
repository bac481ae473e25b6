import type { Tensor, Tensor2D } from '@tensorflow/tfjs'

import { float, given, ints, type Op, opsOf, type TensorFlow } from '../op.ts'

const op = opsOf('losses')

type Loss = 'huberLoss' | 'meanSquaredError' | 'absoluteDifference' | 'sigmoidCrossEntropy' | 'hingeLoss'

const labels = given([4, 5], [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1], 'int32')

function loss(name: Loss): Op {
  return op(`losses.${name}`, [labels, float([4, 5])], (tf, y, x) =>
    tf.losses[name](tf.cast(y, 'float32'), x),
  )
}

function sparse(tf: TensorFlow, logits: Tensor2D, targets: Tensor): Tensor {
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), tf.cast(targets, 'float32')), -1)))
}

/** Losses. Their labels are constants. */
export const lossOps: readonly Op[] = [
  loss('meanSquaredError'),
  loss('absoluteDifference'),
  loss('huberLoss'),
  loss('sigmoidCrossEntropy'),
  loss('hingeLoss'),
  op('losses.softmaxCrossEntropy', [labels, float([4, 5])], (tf, y, x) =>
    tf.losses.softmaxCrossEntropy(tf.cast(y, 'float32'), x),
  ),
  op('losses.softmaxCrossEntropy (smoothed)', [labels, float([4, 5])], (tf, y, x) =>
    tf.losses.softmaxCrossEntropy(tf.cast(y, 'float32'), x, undefined, 0.1),
  ),
  op('losses.meanSquaredError (weights)', [labels, float([4, 5])], (tf, y, x) =>
    tf.losses.meanSquaredError(tf.cast(y, 'float32'), x, tf.tensor2d([1, 0, 2, 0.5], [4, 1])),
  ),
  op('losses.softmaxCrossEntropy (of labels)', [float([4, 5], [0, 1]), float([4, 5])], (tf, y, x) => {
    const truth = tf.softmax(y)
    return tf.losses.softmaxCrossEntropy(truth, x)
  }),
  op('derivative of softmaxCrossEntropy', [labels, float([4, 5])], (tf, y, x) =>
    tf.grad((z) => tf.losses.softmaxCrossEntropy(tf.cast(y, 'float32'), z))(x),
  ),
  op('losses.computeWeightedLoss', [float([4, 5]), float([5], [0, 1])], (tf, x, weights) =>
    tf.losses.computeWeightedLoss(x, weights),
  ),
  op('losses.logLoss', [labels, float([4, 5], [0.1, 0.9])], (tf, y, x) =>
    tf.losses.logLoss(tf.cast(y, 'float32'), x),
  ),
  op('losses.cosineDistance', [float([4, 5]), float([4, 5])], (tf, y, x) =>
    tf.losses.cosineDistance(y, x, 1),
  ),
  op('cross-entropy by logSoftmax', [float([4, 5]), labels], sparse),
  op('metrics.categoricalCrossentropy', [labels, float([4, 5])], (tf, y, x) =>
    tf.mean(tf.metrics.categoricalCrossentropy(tf.cast(y, 'float32'), tf.softmax(x))),
  ),
  ...(
    [
      'binaryAccuracy',
      'categoricalAccuracy',
      'cosineProximity',
      'meanAbsoluteError',
      'meanSquaredError',
      'precision',
      'r2Score',
      'recall',
    ] as const
  ).map((name) =>
    op(
      `metrics.${name}`,
      [labels, float([4, 5], [0.05, 0.95])],
      (tf, y, x) => tf.metrics[name](tf.cast(y, 'float32'), x),
      { noGradient: 'It may count.' },
    ),
  ),
  op(
    'metrics.sparseCategoricalAccuracy',
    [ints(0, 3, 1, 4), float([4, 5])],
    (tf, y, x) => tf.metrics.sparseCategoricalAccuracy(tf.cast(y, 'float32'), x),
    { noGradient: 'It counts.' },
  ),
  op('metrics.binaryCrossentropy', [labels, float([4, 5])], (tf, y, x) =>
    tf.mean(tf.metrics.binaryCrossentropy(tf.cast(y, 'float32'), tf.sigmoid(x))),
  ),
]
