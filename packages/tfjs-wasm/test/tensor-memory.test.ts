import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, it } from 'vitest'

import { memoryOf, registerTrainingKernels } from '../src/index.ts'

beforeAll(registerTrainingKernels)

it('views a tensor of the WASM backend where it is', async () => {
  await tf.setBackend('wasm')
  const matrix = tf.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ])
  const transposed = tf.transpose(matrix)
  expect(memoryOf(matrix)!.view(0, 6)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6))
  expect(memoryOf(transposed)!.view(1, 4)).toEqual(Float32Array.of(4, 2, 5))
  expect(memoryOf(tf.zeros([0]))!.view(0, 0)).toEqual(new Float32Array())
  memoryOf(matrix)!.view(4, 6)[0] = 7
  expect([...matrix.dataSync()]).toEqual([1, 2, 3, 4, 7, 6])
})

it('multiplies and divides a part as the kernels do, bit for bit', async () => {
  await tf.setBackend('wasm')
  const values = tf.randomNormal([23], 0, 1, 'float32', 1)
  for (const [method, expected] of [
    ['multiply', tf.mul(values, 0.3)],
    ['divide', tf.div(values, 0.3)],
  ] as const) {
    const changed = tf.mul(values, 1)
    memoryOf(changed)![method](3, 20, 0.3)
    const [before, between, after] = [changed.slice(0, 3), changed.slice(3, 17), changed.slice(20)]
    expect(before.dataSync()).toEqual(values.slice(0, 3).dataSync())
    expect(between.dataSync()).toEqual(expected.slice(3, 17).dataSync())
    expect(after.dataSync()).toEqual(values.slice(20).dataSync())
  }
})

it('changes nothing beyond the tensor', async () => {
  await tf.setBackend('wasm')
  const neighbours = [tf.ones([4]), tf.ones([4]), tf.ones([4])] as const
  const memory = memoryOf(neighbours[1])!
  memory.multiply(2, 2000, 7)
  memory.divide(5, 9, 7)
  memory.multiply(-1, 4, 2)
  expect(neighbours.map((tensor) => [...tensor.dataSync()])).toEqual([
    [1, 1, 1, 1],
    [1, 1, 7, 14],
    [1, 1, 1, 1],
  ])
})

it('gives nothing for other types, for values that tensors share, and for tensors of other backends', async () => {
  await tf.setBackend('wasm')
  const float = tf.tensor([1])
  expect(memoryOf(tf.tensor([1], [1], 'int32'))).toBeUndefined()
  expect(memoryOf(tf.tensor([true], [1], 'bool'))).toBeUndefined()
  const reshaped = tf.reshape(float, [1, 1])
  expect(memoryOf(float)).toBeUndefined()
  expect(memoryOf(reshaped)).toBeUndefined()
  reshaped.dispose()
  expect(memoryOf(float)!.view(0, 1)).toEqual(Float32Array.of(1))
  await tf.setBackend('cpu')
  const elsewhere = tf.tensor([1])
  expect(memoryOf(float)).toBeUndefined()
  await tf.setBackend('wasm')
  expect(memoryOf(elsewhere)).toBeUndefined()
})
