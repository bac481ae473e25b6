import * as tf from '@tensorflow/tfjs'
import { readsSynchronously } from './backend.ts'
import { fail } from './errors.ts'

/** Compares targets with predictions: gives one number, the mean over the batch. */
export type LossFunction = (targets: tf.Tensor, predictions: tf.Tensor) => tf.Scalar

/**
 * Cross-entropy of logits (raw scores, no softmax before), as `torch.nn.CrossEntropyLoss`. Targets are class numbers (one dimension fewer than the
 * logits) or probabilities of the logits' shape.
 */
export function crossEntropy(targets: tf.Tensor, logits: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.losses.softmaxCrossEntropy(asOneHot(targets, logits), logits).asScalar())
}

/** Cross-entropy of logits for yes-or-no targets of the same shape, as `torch.nn.BCEWithLogitsLoss`. */
export function binaryCrossEntropy(targets: tf.Tensor, logits: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.losses.sigmoidCrossEntropy(tf.cast(targets, 'float32'), logits).asScalar())
}

/** Mean of the squared differences; shapes are the same. */
export function meanSquaredError(targets: tf.Tensor, predictions: tf.Tensor): tf.Scalar {
  sameShape('meanSquaredError', targets, predictions)
  return tf.tidy(() => tf.mean(tf.square(tf.sub(predictions, targets))).asScalar())
}

/** Mean of the absolute differences; shapes are the same. */
export function meanAbsoluteError(targets: tf.Tensor, predictions: tf.Tensor): tf.Scalar {
  sameShape('meanAbsoluteError', targets, predictions)
  return tf.tidy(() => tf.mean(tf.abs(tf.sub(predictions, targets))).asScalar())
}

/** The share of examples whose highest score is that of the right class. Targets as for `crossEntropy`. */
export function accuracy(targets: tf.Tensor, predictions: tf.Tensor): tf.Scalar {
  const [rank, classes] = [predictions.rank, predictions.shape.at(-1)!]
  if (classes === 1 || !(targets.rank === rank - 1 || targets.shape.at(-1) === classes))
    fail(
      `accuracy: targets of shape [${String(targets.shape)}] and scores of shape [${String(predictions.shape)}] are no classes; is it binaryAccuracy that you want?`,
    )
  return tf.tidy(() => {
    const right = targets.rank === predictions.rank ? tf.argMax(targets, -1) : tf.cast(targets, 'int32')
    return tf.mean(tf.cast(tf.equal(tf.argMax(predictions, -1), right), 'float32')).asScalar()
  })
}

/** The share of yes-or-no targets on whose side the logit's sign is. */
export function binaryAccuracy(targets: tf.Tensor, logits: tf.Tensor): tf.Scalar {
  sameShape('binaryAccuracy', targets, logits)
  return tf.tidy(() =>
    tf.mean(tf.cast(tf.equal(tf.greater(logits, 0), tf.greater(targets, 0.5)), 'float32')).asScalar(),
  )
}

function asOneHot(targets: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  if (targets.rank === logits.rank) return tf.cast(targets, 'float32')
  if (targets.rank !== logits.rank - 1)
    fail(
      `crossEntropy: targets of shape [${String(targets.shape)}] do not fit logits of shape [${String(logits.shape)}]`,
    )
  const classes = logits.shape.at(-1)!
  // One-hot of a class that does not exist is all zeros: a loss of 0 without a word.
  if (readsSynchronously())
    for (const target of targets.dataSync())
      if (!(target >= 0 && target < classes))
        fail(`crossEntropy: target ${target} is not a class; there are ${classes}, counted from 0`)
  return tf.cast(tf.oneHot(tf.cast(targets, 'int32'), classes), 'float32')
}

// Broadcasting [64] against [64, 1] would give 64 x 64 differences and a wrong loss without a word.
function sameShape(name: string, targets: tf.Tensor, predictions: tf.Tensor): void {
  if (String(targets.shape) !== String(predictions.shape))
    fail(
      `${name}: targets of shape [${String(targets.shape)}] and predictions of shape [${String(predictions.shape)}] differ`,
    )
}
