import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

interface PreluInputs {
  x: tf.TensorInfo
  alpha: tf.TensorInfo
}

/**
 * Multiplies negative values by slopes: it adds up the positive part, and the slope times the rest. The stock kernel is
 * wrong unless the slopes have the shape of the last axes.
 */
export const prelu: Kernel = kernel<PreluInputs, object>(
  'Prelu',
  (heap, { x, alpha }) => {
    const positive = heap.run('Relu', { x })
    const rest = heap.run('Sub', { a: x, b: positive })
    const sloped = heap.run('Multiply', { a: alpha, b: rest })
    const out = heap.run('Add', { a: positive, b: sloped })
    heap.dispose(positive, rest, sloped)
    return out
  },
  ({ x, alpha }) => {
    if (alpha.shape.length > x.shape.length || x.shape.includes(0)) return true
    const slopes = alpha.shape.slice(alpha.shape.findIndex((size) => size !== 1))
    const last = x.shape.slice(x.shape.length - slopes.length)
    return !tf.util.arraysEqual(slopes, last) && tf.util.sizeFromShape(alpha.shape) > 1
  },
)
