import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

interface UnaryInputs {
  x: tf.TensorInfo
}

/** Computes eˣ; the stock kernel is scalar. */
export const exp: Kernel = kernel<UnaryInputs, object>('Exp', (heap, { x }, _, stock) => {
  if (x.dtype !== 'float32') return stock()
  const out = heap.make(x.shape)
  heap.loops.exp(heap.address(out), heap.address(x), tf.util.sizeFromShape(x.shape))
  return out
})

/** Computes the hyperbolic tangent; the stock kernel is scalar, and the slowest of all activations. */
export const tanh: Kernel = kernel<UnaryInputs, object>('Tanh', (heap, { x }, _, stock) => {
  if (x.dtype !== 'float32') return stock()
  const out = heap.make(x.shape)
  heap.loops.tanh(heap.address(out), heap.address(x), tf.util.sizeFromShape(x.shape))
  return out
})

interface GradientInputs {
  dy: tf.TensorInfo
  /** What the activation was computed of, or what it gave: whichever TensorFlow.js keeps for its gradient. */
  value: tf.TensorInfo
}

/** Multiplies dy by the derivative of an activation, for which TensorFlow.js takes three to six kernels. */
export const activationGradients: readonly Kernel[] = (
  [
    ['ReluGradient', 'reluGradient'],
    ['TanhGradient', 'tanhGradient'],
    ['SigmoidGradient', 'sigmoidGradient'],
    ['SquareGradient', 'squareGradient'],
  ] as const
).map(([name, loop]) =>
  kernel<GradientInputs, object>(name, (heap, { dy, value }) => {
    const out = heap.make(dy.shape)
    heap.loops[loop](
      heap.address(out),
      heap.address(dy),
      heap.address(value),
      tf.util.sizeFromShape(dy.shape),
    )
    return out
  }),
)

/** Gives dy where the value was within the limits. */
export const clipByValueGradient: Kernel = kernel<
  GradientInputs,
  { clipValueMin: number; clipValueMax: number }
>('ClipByValueGradient', (heap, { dy, value }, { clipValueMin, clipValueMax }) => {
  const out = heap.make(dy.shape)
  heap.loops.clampGradient(
    heap.address(out),
    heap.address(dy),
    heap.address(value),
    tf.util.sizeFromShape(dy.shape),
    clipValueMin,
    clipValueMax,
  )
  return out
})
