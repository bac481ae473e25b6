import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'

/** Values with a shape, on no backend yet. */
export interface Values {
  readonly shape: number[]
  readonly values: Float32Array | Int32Array | Uint8Array
  readonly dtype: 'float32' | 'int32' | 'bool'
}

/** Gives a source of a fixed sequence of numbers in [0, 1). */
export function seeded(): () => number {
  let seed = 1
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed / 2 ** 32
  }
}

export const random: () => number = seeded()

export function floats(shape: number[], from = -1, to = 1): Values {
  const values = Float32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    () => from + (to - from) * random(),
  )
  return { shape, values, dtype: 'float32' }
}

/** Gives multiples of 1/2 from -1 to 1, so that many are equal. */
export function ties(shape: number[]): Values {
  const { values } = floats(shape, -1.4, 1.4)
  return { shape, values: values.map(Math.round).map((value) => value / 2), dtype: 'float32' }
}

export function ints(shape: number[], below: number): Values {
  const values = Int32Array.from({ length: tf.util.sizeFromShape(shape) }, () => Math.floor(random() * below))
  return { shape, values, dtype: 'int32' }
}

export function tensor({ values, shape, dtype }: Values): tf.Tensor {
  return tf.tensor(values, shape, dtype)
}

function copy(x: tf.Tensor): Values['values'] {
  return (x.dataSync() as Values['values']).slice()
}

type Compute = (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[]

/** Computes on a backend and copies the results to where it has no say; checks that no tensor is left over. */
export async function compute(backend: string, fn: Compute, inputs: Values[]): Promise<Values[]> {
  if (tf.getBackend() !== backend) await tf.setBackend(backend)
  const before = tf.memory().numTensors
  const buffers = tf.memory().numDataBuffers
  const results: Values[] = []
  tf.tidy(() => {
    for (const result of [fn(...inputs.map(tensor))].flat())
      results.push({ shape: result.shape, values: copy(result), dtype: result.dtype as Values['dtype'] })
  })
  expect(tf.memory().numTensors, 'tensors left over').toBe(before)
  expect(tf.memory().numDataBuffers, 'buffers left over').toBe(buffers)
  return results
}

/** Expects the same from the WASM and the CPU backend. */
export async function expectSame(fn: Compute, inputs: Values[], tolerance = 1e-4): Promise<void> {
  const ours = await compute('wasm', fn, inputs)
  const reference = await compute('cpu', fn, inputs)
  expect(ours.length).toBe(reference.length)
  for (const [index, result] of ours.entries()) expectClose(result, reference[index]!, tolerance)
}

/** Expects values within `tolerance`, relative to the largest of the reference. */
export function expectClose(
  actual: Values,
  expected: { shape: number[]; values: ArrayLike<number> },
  tolerance = 1e-4,
): void {
  expect(actual.shape).toEqual(expected.shape)
  const scale = Math.max(
    1,
    ...Array.from(expected.values, (value) => (Number.isFinite(value) ? Math.abs(value) : 0)),
  )
  let worst = 0
  for (let i = 0; i < actual.values.length; i++) {
    const [x, y] = [actual.values[i]!, expected.values[i]!]
    if (Object.is(x, y) || x === y) continue
    const difference = Math.abs(x - y) / scale
    worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference)
  }
  expect(worst).toBeLessThanOrEqual(tolerance)
}

/** Gives the gradients of sum(fn(inputs) · fixed weights) with respect to all inputs. */
export function gradientsOf(fn: (...inputs: tf.Tensor[]) => tf.Tensor): Compute {
  return (...inputs) =>
    tf.grads((...xs: tf.Tensor[]) => {
      const y = fn(...xs)
      return tf.sum(tf.mul(y, weightsOf(y.shape)))
    })(inputs)
}

/** Gives central differences of the same sum. */
export async function differences(
  fn: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: Values[],
  which: number,
  step = 1e-2,
  backend = 'cpu',
): Promise<{ shape: number[]; values: number[] }> {
  await tf.setBackend(backend)
  const input = inputs[which]!
  const at = (i: number, offset: number): number => {
    const values = input.values.slice()
    values[i]! += offset
    let sum = 0
    tf.tidy(() => {
      const y = fn(...inputs.map((other, index) => tensor(index === which ? { ...input, values } : other)))
      const weights = copy(weightsOf(y.shape))
      for (const [index, value] of copy(y).entries()) sum += value * weights[index]!
    })
    return sum
  }
  const values = Array.from(input.values, (_, i) => (at(i, step) - at(i, -step)) / (2 * step))
  return { shape: input.shape, values }
}

/** Gives the weights that `gradientsOf` and `differences` multiply results by. */
export function weightsOf(shape: number[]): tf.Tensor {
  const size = tf.util.sizeFromShape(shape)
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.7 + 0.5)),
    shape,
  )
}
