import * as tf from '@tensorflow/tfjs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { useBackend } from '../src/index.ts'

test('useBackend starts what it is asked for, says so, and leaves no listeners on the process', async () => {
  const listeners = (): number =>
    process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection')
  const before = listeners()
  const lines: string[] = []
  const log = (line: string): void => void lines.push(line)
  expect(await useBackend('cpu', log)).toBe('cpu')
  expect(tf.getBackend()).toBe('cpu')
  expect(await useBackend('wasm', log)).toBe('wasm')
  expect(tf.getBackend()).toBe('wasm')
  expect(listeners()).toBe(before)
  expect(lines).toEqual([
    '[tfjs] backend cpu: plain JavaScript, for reference: 10 to 150 times slower than wasm',
    '[tfjs] backend wasm: WebAssembly with SIMD, one thread',
  ])
})

test('of several ranks the first one says which backend it took', async () => {
  const key = Symbol.for('trainyard.globalRank')
  const print = vi.spyOn(console, 'info').mockImplementation(() => {})
  onTestFinished(() => {
    Reflect.deleteProperty(globalThis, key)
    print.mockRestore()
  })
  for (const [rank, times] of [
    [0, 1],
    [1, 1],
    [undefined, 2],
  ]) {
    Object.assign(globalThis, { [key]: rank })
    await useBackend('cpu')
    expect(print).toHaveBeenCalledTimes(times!)
  }
})

test('auto takes the best that is installed, and says in one line why not a better one', async () => {
  const lines: string[] = []
  expect(await useBackend('auto', (line) => void lines.push(line))).toBe('wasm')
  expect(lines).toEqual([
    '[tfjs] backend wasm: WebAssembly with SIMD, one thread (node-gpu is not installed; node is not installed)',
  ])
})

test.each([
  ['node', 'npm install @tensorflow/tfjs-node@4.22.0'],
  ['node-gpu', 'npm install @tensorflow/tfjs-node-gpu@4.22.0'],
  ['webgpu', 'npm install @tensorflow/tfjs-backend-webgpu@4.22.0 webgpu'],
] as const)('%s, which is not installed here, says what to install', async (name, command) => {
  await expect(useBackend(name)).rejects.toThrow(
    `[tfjs] the backend "${name}" cannot be used: it is not installed; ${command}`,
  )
})
