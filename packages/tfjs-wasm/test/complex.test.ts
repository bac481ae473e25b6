import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, it } from 'vitest'

import { registerTrainingKernels } from '../src/index.ts'
import { compute, expectClose, floats, random, type Values } from './compare.ts'

beforeAll(registerTrainingKernels)

/** Gives both parts along a last axis. */
const both = (x: tf.Tensor): tf.Tensor => tf.stack([tf.real(x), tf.imag(x)], -1)

/** Makes complex tensors of pairs of inputs, and gives the parts of what is made of them. */
const ofComplex =
  (fn: (...xs: tf.Tensor[]) => tf.Tensor) =>
  (...inputs: tf.Tensor[]): tf.Tensor => {
    const pairs = inputs.flatMap((x, i) => (i % 2 === 0 ? [tf.complex(x, inputs[i + 1]!)] : []))
    return both(fn(...pairs))
  }

it.each([1, 2, 3, 4, 5, 6, 7, 11, 16, 45, 64, 100, 101, 128])(
  'the Fourier transform of length %i is the sum that defines it, and has an inverse',
  async (length) => {
    const inputs = [floats([2, length]), floats([2, length])]
    const [transformed] = await compute(
      'wasm',
      ofComplex((x) => tf.spectral.fft(x)),
      inputs,
    )
    const values: number[] = []
    for (let row = 0; row < 2; row++)
      for (let k = 0; k < length; k++) {
        let [real, imag] = [0, 0]
        for (let n = 0; n < length; n++) {
          const angle = (-2 * Math.PI * ((n * k) % length)) / length
          const [a, b] = [inputs[0]!.values[row * length + n]!, inputs[1]!.values[row * length + n]!]
          real += a * Math.cos(angle) - b * Math.sin(angle)
          imag += a * Math.sin(angle) + b * Math.cos(angle)
        }
        values.push(real, imag)
      }
    expectClose(transformed!, { shape: [2, length, 2], values }, 1e-6)
    const [back] = await compute(
      'wasm',
      ofComplex((x) => tf.spectral.ifft(tf.spectral.fft(x))),
      inputs,
    )
    const pairs = Array.from(inputs[0]!.values).flatMap((a, i) => [a, inputs[1]!.values[i]!])
    expectClose(back!, { shape: [2, length, 2], values: pairs }, 1e-6)
  },
)

it('kernels that treat both parts alike take complex tensors', async () => {
  const inputs = Array.from({ length: 4 }, () => floats([2, 3, 4]))
  const cases: ((...xs: tf.Tensor[]) => tf.Tensor)[] = [
    (a, b) => tf.add(a!, tf.slice(b!, [1, 0, 0], [1, 1, 4])),
    (a, b) => tf.addN([a!, b!, a!]),
    (a) => tf.neg(a!),
    (a) => tf.slice(a!, [0, 1], [2, 2]),
    (a, b) => tf.concat([a!, b!], -2),
    (a, b) => tf.stack([a!, b!], 1),
    (a) => tf.unstack(a!, -1)[2]!,
    (a) => tf.split(a!, [1, 2], 1)[1]!,
    (a) => tf.reverse(a!, [0, -1]),
    (a) => tf.transpose(a!, [2, 0, 1]),
    (a) => tf.tile(a!, [1, 2, 3]),
    (a) => tf.sum(a!, [0, 2]),
    (a) => tf.sum(a!),
    (a) => tf.clone(tf.reshape(a!, [6, 4])),
  ]
  for (const fn of cases) {
    // Of the real parts, and then of the imaginary parts, the same functions of floats.
    const [real] = await compute('wasm', (a, _, b) => fn(a!, b!), inputs)
    const [imag] = await compute('wasm', (_, a, __, b) => fn(a!, b!), inputs)
    const [result] = await compute('wasm', ofComplex(fn), inputs)
    const values = Array.from(real!.values).flatMap((value, i) => [value, imag!.values[i]!])
    expectClose(result!, { shape: [...real!.shape, 2], values }, 1e-6)
  }
})

it('products are those of complex numbers, broadcast', async () => {
  const inputs = [floats([3, 1, 2]), floats([3, 1, 2]), floats([4, 1]), floats([4, 1])]
  const [result] = await compute(
    'wasm',
    ofComplex((a, b) => tf.mul(a!, b!)),
    inputs,
  )
  const [expected] = await compute(
    'wasm',
    (a, b, c, d) =>
      tf.stack([tf.sub(tf.mul(a!, c!), tf.mul(b!, d!)), tf.add(tf.mul(a!, d!), tf.mul(b!, c!))], -1),
    inputs,
  )
  expectClose(result!, expected!, 1e-6)
})

it('other kernels refuse complex tensors by their name, and are not disturbed by them', async () => {
  await tf.setBackend('wasm')
  const x: Values = floats([2, 3])
  const refuse = (fn: (x: tf.Tensor) => tf.Tensor, name: string): void =>
    expect(() =>
      tf.tidy(() => fn(tf.complex(tf.tensor(x.values, x.shape), tf.tensor(x.values, x.shape)))),
    ).toThrow(`[tfjs-wasm] ${name} takes no complex64 on the WASM backend`)
  const before = tf.memory().numDataBuffers
  refuse((c) => tf.exp(c), 'Exp')
  refuse((c) => tf.relu(c), 'Relu')
  refuse((c) => tf.matMul(c, c, false, true), 'BatchMatMul')
  refuse((c) => tf.gather(c, [0]), 'GatherV2')
  expect(tf.memory().numDataBuffers).toBe(before)
  const real = tf.tidy(
    () => tf.engine().runKernel('Real', { input: tf.complex([1], [random()]) }) as tf.Tensor,
  )
  expect(real.dataSync()[0]).toBe(1)
  expect(() => tf.real(real)).toThrow('[tfjs-wasm] Real takes complex64 on the WASM backend, not float32')
  real.dispose()
})
