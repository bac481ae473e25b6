import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import {
  accuracy,
  binaryAccuracy,
  binaryCrossEntropy,
  crossEntropy,
  meanAbsoluteError,
  meanSquaredError,
  useBackend,
} from '../src/index.ts'

test('losses and metrics are what their names say', async () => {
  await useBackend('cpu')
  const value = (scalar: tf.Scalar): number => scalar.dataSync()[0]!
  const logits = tf.tensor2d([
    [2, 0, 0],
    [0, 3, 0],
  ])
  const oneHot = tf.tensor2d([
    [1, 0, 0],
    [0, 0, 1],
  ])
  const expected = (Math.log(Math.exp(2) + 2) - 2 + Math.log(Math.exp(3) + 2) - 0) / 2
  expect(value(crossEntropy(tf.tensor1d([0, 2], 'int32'), logits))).toBeCloseTo(expected, 5)
  expect(value(crossEntropy(oneHot, logits))).toBeCloseTo(expected, 5)
  expect(value(accuracy(tf.tensor1d([0, 2], 'int32'), logits))).toBe(0.5)
  expect(value(accuracy(oneHot, logits))).toBe(0.5)
  expect(value(binaryCrossEntropy(tf.tensor1d([1, 0]), tf.tensor1d([2, -1])))).toBeCloseTo(
    (Math.log(1 + Math.exp(-2)) + Math.log(1 + Math.exp(-1))) / 2,
    5,
  )
  expect(value(binaryAccuracy(tf.tensor1d([1, 0]), tf.tensor1d([2, 1])))).toBe(0.5)
  expect(value(meanSquaredError(tf.tensor1d([1, 2]), tf.tensor1d([2, 4])))).toBe(2.5)
  expect(value(meanAbsoluteError(tf.tensor1d([1, 2]), tf.tensor1d([2, 4])))).toBe(1.5)
  expect(() => meanSquaredError(tf.ones([3]), tf.ones([3, 1]))).toThrow(
    '[tfjs] meanSquaredError: targets of shape [3] and predictions of shape [3,1] differ',
  )
  expect(() => accuracy(tf.ones([3, 1]), tf.ones([3, 1]))).toThrow('is it binaryAccuracy that you want?')
  expect(() => accuracy(tf.ones([3, 1]), tf.ones([3, 4]))).toThrow(
    '[tfjs] accuracy: targets of shape [3,1] and scores of shape [3,4]',
  )
  expect(() => crossEntropy(tf.ones([3, 1, 1]), tf.ones([3, 2]))).toThrow(
    '[tfjs] crossEntropy: targets of shape [3,1,1] do not fit logits of shape [3,2]',
  )
})
