import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, it } from 'vitest'

import { registerTrainingKernels, viewOf } from '../src/index.ts'

beforeAll(registerTrainingKernels)

it('views a tensor of the WASM backend where it is', async () => {
  await tf.setBackend('wasm')
  const matrix = tf.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ])
  const transposed = tf.transpose(matrix)
  expect(viewOf(matrix)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6))
  expect(viewOf(transposed)).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6))
  expect(viewOf(tf.zeros([0]))).toEqual(new Float32Array())
  expect(viewOf(matrix)!.buffer).toBe(viewOf(transposed)!.buffer)
  viewOf(matrix)![0] = 7
  expect(matrix.dataSync()[0]).toBe(7)
})

it('gives nothing for other types, and for tensors of other backends', async () => {
  await tf.setBackend('wasm')
  const float = tf.tensor([1])
  expect(viewOf(tf.tensor([1], [1], 'int32'))).toBeUndefined()
  expect(viewOf(tf.tensor([true], [1], 'bool'))).toBeUndefined()
  await tf.setBackend('cpu')
  const elsewhere = tf.tensor([1])
  expect(viewOf(float)).toBeUndefined()
  await tf.setBackend('wasm')
  expect(viewOf(elsewhere)).toBeUndefined()
  expect(viewOf(float)).toEqual(Float32Array.of(1))
})
