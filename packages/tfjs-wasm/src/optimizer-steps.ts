import * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'

// Steps of optimizers, in one pass over the weights; made of the kernels of TensorFlow.js they take a dozen. Slots are
// changed in place, so they must not share their memory with other tensors. The new weights are a new tensor: kernels
// of XNNPACK keep what they made of a tensor's values, and only notice when it is another tensor.

interface StepInputs {
  variable: tf.TensorInfo
  gradient: tf.TensorInfo
  /** A scalar that the gradient is multiplied by before anything else. */
  factor?: tf.TensorInfo
}

interface StepAttrs {
  /** The gradient is then limited to [-limit, limit]; infinite for no limit. */
  limit: number
}

interface AdamAttrs extends StepAttrs {
  share1: number
  share2: number
  stepSize: number
  epsilon: number
  shrink: number
}

/**
 * Does a step of Adam. In float32, element by element and in this order:
 *
 * ```
 * m ← m + (g − m)·share1
 * v ← v + (g² − v)·share2                 what is below 1e-33 in m and v becomes 0
 * w ← w·shrink − (m / (√v + epsilon))·stepSize
 * ```
 */
export const adamStep: Kernel = kernel<StepInputs & { m: tf.TensorInfo; v: tf.TensorInfo }, AdamAttrs>(
  'AdamStep',
  (heap, { variable, gradient, factor, m, v }, { limit, share1, share2, stepSize, epsilon, shrink }) => {
    needFloats(variable, gradient)
    const out = heap.make(variable.shape)
    heap.loops.adamStep(
      heap.address(out),
      heap.address(variable),
      heap.address(m),
      heap.address(v),
      heap.address(gradient),
      tf.util.sizeFromShape(variable.shape),
      scalar(heap, factor),
      limit,
      share1,
      share2,
      stepSize,
      epsilon,
      shrink,
    )
    return out
  },
)

interface SgdAttrs extends StepAttrs {
  weightDecay: number
  learningRate: number
  /** How much of the slot `momentum` remains; only with it, as is `nesterov`. */
  mu?: number
  nesterov?: boolean
}

/**
 * Does a step of gradient descent. In float32, element by element and in this order:
 *
 * ```
 * g ← g + w·weightDecay              unless weightDecay is 0
 * b ← b·mu + g                       if there is a slot `momentum`; what is below 1e-33 becomes 0
 * d = b,  or g + b·mu                with nesterov
 * w ← w − d·learningRate             d = g without momentum
 * ```
 */
export const sgdStep: Kernel = kernel<StepInputs & { momentum?: tf.TensorInfo }, SgdAttrs>(
  'SgdStep',
  (
    heap,
    { variable, gradient, factor, momentum },
    { limit, weightDecay, learningRate, mu = 0, nesterov },
  ) => {
    needFloats(variable, gradient)
    const out = heap.make(variable.shape)
    const [to, w, g] = [heap.address(out), heap.address(variable), heap.address(gradient)]
    const size = tf.util.sizeFromShape(variable.shape)
    const first = scalar(heap, factor)
    if (momentum) {
      const step = nesterov ? heap.loops.nesterovStep : heap.loops.momentumStep
      step(to, w, heap.address(momentum), g, size, first, limit, weightDecay, learningRate, mu)
    } else heap.loops.sgdStep(to, w, g, size, first, limit, weightDecay, learningRate)
    return out
  },
)

function needFloats(...tensors: tf.TensorInfo[]): void {
  for (const { dtype } of tensors)
    if (dtype !== 'float32') throw new Error(`[tfjs-wasm] optimizers train float32 variables, not ${dtype}`)
}

function scalar(heap: Heap, factor: tf.TensorInfo | undefined): number {
  return factor ? heap.float32(factor)[0]! : 1
}
