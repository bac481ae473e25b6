import type { Tensor, Tensor1D } from '@tensorflow/tfjs'

import { float, type Op, opsOf, type TensorFlow } from '../op.ts'

const op = opsOf('signal')

const complex = { noGradient: 'TensorFlow.js has no gradients of complex numbers.' }

/** Gives both parts of complex numbers along a last axis, as results are compared by their real values. */
function both(tf: TensorFlow, x: Tensor): Tensor {
  return tf.stack([tf.real(x), tf.imag(x)], -1)
}

function fourier(name: 'fft' | 'ifft', ...shape: readonly number[]): Op {
  return op(
    `${name} ${shape.join('x')}`,
    [float<readonly number[]>(shape), float<readonly number[]>(shape)],
    (tf, re, im) => both(tf, tf.spectral[name](tf.complex(re, im))),
    // Of lengths that are no power of two, the JavaScript backend makes a sum of float32.
    { ...complex, tolerance: 1e-3 },
  )
}

/** A case of two complex tensors. */
function ofComplex(
  name: string,
  compute: (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor,
  a: readonly number[] = [4, 5],
  b = a,
): Op {
  return op(
    `${name} of complex numbers`,
    [a, a, b, b].map((shape) => float<readonly number[]>(shape)),
    (tf, ar, ai, br, bi) => both(tf, compute(tf, tf.complex(ar!, ai!), tf.complex(br!, bi!))),
    complex,
  )
}

/** Complex numbers, Fourier transforms and what is made of them. */
export const signalOps: readonly Op[] = [
  ...[1, 2, 3, 5, 7, 8, 12, 31, 64, 97].map((length) => fourier('fft', length)),
  fourier('fft', 3, 8),
  fourier('fft', 2, 3, 6),
  fourier('ifft', 16),
  fourier('ifft', 9),
  fourier('ifft', 3, 10),
  op('rfft (real part)', [float([4, 8])], (tf, x) => tf.real(tf.spectral.rfft(x)), complex),
  op('rfft', [float([2, 3, 9])], (tf, x) => both(tf, tf.spectral.rfft(x)), complex),
  op('rfft (cropped)', [float([3, 9])], (tf, x) => both(tf, tf.spectral.rfft(x, 6)), complex),
  op('rfft (padded)', [float([3, 9])], (tf, x) => both(tf, tf.spectral.rfft(x, 16)), complex),
  op('irfft', [float([3, 5]), float([3, 5])], (tf, re, im) => tf.spectral.irfft(tf.complex(re, im)), complex),
  op('irfft of rfft', [float([2, 3, 8])], (tf, x) => tf.spectral.irfft(tf.spectral.rfft(x)), complex),
  op('signal.stft', [float([50])], (tf, x) => both(tf, tf.signal.stft(x, 16, 8)), complex),
  op(
    'signal.stft (length of its own, Hamming)',
    [float([40])],
    (tf, x) =>
      both(
        tf,
        tf.signal.stft(x, 10, 4, 12, (length: number) => tf.signal.hammingWindow(length)),
      ),
    complex,
  ),
  op('signal.frame', [float([21])], (tf, x) => tf.signal.frame(x, 6, 4)),
  op('signal.frame (padded)', [float([21])], (tf, x) => tf.signal.frame(x as Tensor1D, 6, 4, true, 0.5)),
  op('signal.hannWindow', [], (tf) => tf.signal.hannWindow(11)),
  op('signal.hammingWindow', [], (tf) => tf.signal.hammingWindow(11)),
  op(
    'abs of a complex number',
    [float([4, 5]), float([4, 5])],
    (tf, a, b) => tf.abs(tf.complex(a, b)),
    complex,
  ),
  op(
    'complex and cast to float32',
    [float([4, 5]), float([4, 5])],
    (tf, a, b) => tf.cast(tf.complex(a, b), 'float32'),
    complex,
  ),
  op('cast to complex64', [float([4, 5])], (tf, x) => both(tf, tf.cast(x, 'complex64')), complex),
  ofComplex('add', (tf, a, b) => tf.add(a, b)),
  ofComplex('sub', (tf, a, b) => tf.sub(a, b)),
  ofComplex('mul', (tf, a, b) => tf.mul(a, b)),
  ofComplex('mul (broadcast)', (tf, a, b) => tf.mul(a, b), [3, 1, 5], [2, 1]),
  ofComplex('concat', (tf, a, b) => tf.concat([a, b])),
  ofComplex('concat (last axis)', (tf, a, b) => tf.concat([a, b], -1), [4, 5], [4, 2]),
  ofComplex('stack', (tf, a, b) => tf.stack([a, b], -1)),
  ofComplex('clone, reshape and expandDims', (tf, a, b) =>
    tf.add(tf.expandDims(tf.reshape(tf.clone(a), [20]), 0), tf.expandDims(tf.reshape(b, [20]), 0)),
  ),
  ofComplex('zerosLike', (tf, a, b) => tf.add(tf.zerosLike(a), b)),
]
