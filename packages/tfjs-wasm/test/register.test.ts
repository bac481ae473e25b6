import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'

import { checkVersions, registerTrainingKernels } from '../src/index.ts'

describe('registerTrainingKernels', () => {
  it('starts the backend and leaves the current one and the process as they were', async () => {
    await tf.setBackend('cpu')
    const listeners = ['uncaughtException', 'unhandledRejection'].map((event) =>
      process.listeners(event as 'exit'),
    )
    await registerTrainingKernels()
    expect(tf.getBackend()).toBe('cpu')
    expect(
      ['uncaughtException', 'unhandledRejection'].map((event) => process.listeners(event as 'exit')),
    ).toEqual(listeners)
    expect(tf.findBackend('wasm')).toBeTruthy()
  })

  it('does nothing when called again', async () => {
    const kernel = tf.getKernel('BatchMatMul', 'wasm')
    await Promise.all([registerTrainingKernels(), registerTrainingKernels()])
    expect(tf.getKernel('BatchMatMul', 'wasm')).toBe(kernel)
  })

  it('accepts only the version that it was made for', () => {
    expect(() => checkVersions('4.22.0', '4.22.0')).not.toThrow()
    expect(() => checkVersions('4.21.0', '4.22.0')).toThrow(
      /made for TensorFlow.js 4\.22\.0; here are .*core 4\.21\.0 and .*wasm 4\.22\.0/,
    )
    expect(() => checkVersions('4.22.0', '4.20.0')).toThrow('tfjs-backend-wasm 4.20.0')
  })
})
