import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'

import { checkBackend, float, formatTable, inputSets, type Op, opsOf, type Result } from '../src/index.ts'

const op = opsOf('planted')
const sets = inputSets.filter(({ name }) => name === 'uniform')
const onWasm = (): boolean => tf.getBackend() === 'wasm'
const numbers = float([2, 3])

beforeAll(async () => {
  await import('@tensorflow/tfjs-backend-wasm')
  await tf.setBackend('wasm')
})

async function check(tested: Op, backend = 'wasm'): Promise<readonly Result[]> {
  return (await checkBackend({ tf, backend, ops: [tested], sets })).results
}

const withGradient = (value: (x: tf.Tensor) => tf.Tensor, slope: (x: tf.Tensor) => tf.Tensor) =>
  tf.customGrad((x, save) => {
    ;(save as (tensors: tf.Tensor[]) => void)([x as tf.Tensor])
    return {
      value: value(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => tf.mul(dy, slope(saved!)),
    }
  })

describe('checkBackend finds', () => {
  test('a result that differs from the reference, and says where', async () => {
    const offset = (): tf.Tensor => tf.tensor2d([0, 0, 0, 0, 0, onWasm() ? 0.1 : 0], [2, 3])
    const [forward] = await check(op('off', [numbers], (_, x) => tf.add(tf.zerosLike(x), offset())))
    expect(forward).toMatchObject({ phase: 'forward', status: 'wrong' })
    expect(forward!.message).toBe('0.1 instead of 0 at [1, 2] (1 of 6 values)')
  })

  test('a gradient that is wrong on both backends', async () => {
    const square = withGradient(
      (x) => tf.square(x),
      (x) => x,
    )
    const [forward, gradient] = await check(op('half', [numbers], (_, x) => square(x)))
    expect(forward!.status).toBe('ok')
    expect(gradient!.status).toBe('wrong')
    expect(gradient!.message).toMatch(/^\S+ instead of \S+ at input 0 \[\d, \d\], by finite differences$/)
  })

  test('that the backend is right where the reference is wrong', async () => {
    const square = withGradient(
      (x) => tf.square(x),
      (x) => (onWasm() ? tf.mul(2, x) : x),
    )
    const results = await check(op('twice', [numbers], (_, x) => square(x)))
    expect(results.map(({ status }) => status)).toEqual(['ok', 'ok'])
  })

  test('a share of the gradient that is lost among several maxima', async () => {
    const zeros = withGradient(
      (x) => tf.max(x, 1, true),
      (x) => tf.mul(0, x),
    )
    const three = op('lost', [{ ...numbers, range: [1, 1] }], (_, x) => zeros(x), { ties: 'any' })
    const [, gradient] = await check(three)
    expect(gradient!.message).toMatch(/^the sum is 0 instead of \S+ for input 0, by finite differences$/)
  })

  test('another type or shape', async () => {
    const [typed] = await check(
      op('type', [numbers], (_, x) => tf.cast(tf.relu(x), onWasm() ? 'int32' : 'bool')),
    )
    expect(typed!.message).toBe('is int32 [2, 3] instead of bool [2, 3]')
    const [shaped] = await check(op('shape', [numbers], (_, x) => (onWasm() ? tf.transpose(x) : tf.relu(x))))
    expect(shaped!.message).toBe('is float32 [3, 2] instead of float32 [2, 3]')
  })

  test('missing kernels, missing gradients and other errors, each under its name', async () => {
    const statuses = async (tested: Op): Promise<string[]> =>
      (await check(tested)).map(({ status, message }) => `${status} ${message}`)
    const complex = op('complex', [numbers], (_, x) => tf.real(tf.complex(x, x)))
    expect((await statuses(complex))[0]).toBe('missing Complex')
    const product = op('cumprod', [numbers], (_, x) => tf.cumprod(x))
    expect((await statuses(product))[1]).toBe('no gradient Cumprod')
    const failing = op('failing', [numbers], (_, x) => {
      if (onWasm()) throw new Error('out of order')
      return tf.relu(x)
    })
    expect((await statuses(failing))[0]).toBe('throws out of order')
  })

  test('leaked tensors and overwritten inputs', async () => {
    const [leak] = await check(op('leak', [numbers], (_, x) => tf.keep(tf.relu(x)) && tf.relu(x)))
    expect(leak!.message).toMatch(/^leaves \d tensors or buffers behind$/)
    const [write] = await check(
      op('write', [numbers], (_, x) => {
        x.dataSync()[0] = 7
        return tf.relu(x)
      }),
      'cpu',
    )
    expect(write!.message).toBe('writes to its input 0')
  })
})

test('exceptions are permitted, and reported where they are not needed', async () => {
  const product = op('cumprod', [numbers], (_, x) => tf.cumprod(x))
  const exceptions = [
    { ops: ['cumprod'], phase: 'gradient', error: /no gradient: Cumprod/, reason: 'nobody wrote it' },
    { ops: ['cumprod'], phase: 'forward', error: /./, reason: 'once wrong' },
    { ops: ['tidy'], error: /./, reason: 'no operation' },
  ] as const
  const report = await checkBackend({ tf, backend: 'wasm', ops: [product], sets, exceptions })
  expect(report.failures).toEqual([])
  expect(report.staleExceptions).toEqual([
    'cumprod (forward) passes, but is listed as an exception: once wrong',
    'tidy is not in the table, but is listed as an exception: no operation',
  ])
  expect(report.passed).toBe(false)
  expect(report.summary).toMatchObject({ ok: 1, 'no gradient': 1 })
  expect(formatTable(report.results)).toBe(
    [
      '| operation | forward | gradient                               |',
      '| --------- | ------- | -------------------------------------- |',
      '| cumprod   | ok      | no gradient: Cumprod [nobody wrote it] |',
    ].join('\n'),
  )
})

test('the current backend stays what it was, and results come one by one', async () => {
  await tf.setBackend('wasm')
  const seen: string[] = []
  const relu = op('relu', [numbers], (_, x) => tf.relu(x))
  await checkBackend({
    tf,
    backend: 'cpu',
    ops: [relu],
    onResult: ({ set, phase }) => seen.push(`${set} ${phase}`),
  })
  expect(tf.getBackend()).toBe('wasm')
  expect(seen.length).toBe(2 * inputSets.length)
})

test('a reference that cannot compute is said to be the reason', async () => {
  const complex = op('complex', [numbers], (_, x) => tf.real(tf.complex(x, x)))
  const report = await checkBackend({ tf, backend: 'cpu', reference: 'wasm', ops: [complex], sets })
  expect(report.failures[0]!.message).toBe('the reference backend "wasm" cannot compute it: missing: Complex')
})

test('an unknown backend is refused by name', () =>
  expect(checkBackend({ tf, backend: 'abacus' })).rejects.toThrow('cannot start the backend "abacus"'))
