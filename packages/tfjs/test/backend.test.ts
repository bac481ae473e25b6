import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { useBackend } from '../src/index.ts'

test('useBackend starts what it is asked for, and leaves no listeners on the process', async () => {
  const listeners = (): number =>
    process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection')
  const before = listeners()
  expect(await useBackend('cpu')).toBe('cpu')
  expect(tf.getBackend()).toBe('cpu')
  expect(await useBackend('wasm')).toBe('wasm')
  expect(tf.getBackend()).toBe('wasm')
  expect(listeners()).toBe(before)
  expect(await useBackend()).toBe('wasm')
})
