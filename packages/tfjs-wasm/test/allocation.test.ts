import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'

beforeAll(registerTrainingKernels)

it('a failed allocation says how much was asked for, leaves all values alone, and passes', async () => {
  await tf.setBackend('wasm')
  const backend = tf.engine().findBackend('wasm')
  const kept = tf.tensor([1, 2, 3])
  // Memory that is taken and never written costs nothing.
  const gigabyte = 2 ** 28
  const taken: object[] = []
  const take = () => backend.write(null as unknown as tf.BackendValues, [gigabyte], 'float32')
  expect(() => {
    for (let i = 0; i < 5; i++) taken.push(take())
  }).toThrow(/^\[tfjs-wasm\] cannot allocate 1073741824 bytes: the heap of the WASM backend has \d+ bytes/)
  expect(taken.length).toBeGreaterThan(1)
  expect([...kept.dataSync()]).toEqual([1, 2, 3])

  expect(() => tf.tidy(() => tf.concat([tf.zeros([2]), tf.broadcastTo(tf.zeros([1]), [gigabyte])]))).toThrow(
    'cannot allocate',
  )
  const tensors = tf.memory().numTensors
  for (const id of taken) backend.disposeData(id)
  backend.disposeData(take())
  const sum = tf.add(kept, 1)
  expect([...sum.dataSync()]).toEqual([2, 3, 4])
  expect(tf.memory().numTensors).toBe(tensors + 1)
  tf.dispose([kept, sum])
})
