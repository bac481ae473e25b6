import type * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

/** Counts how often each number occurs, or adds up weights, in a tensor of any shape; the stock kernel counts each row. */
export const bincount: Kernel = kernel<{ x: tf.TensorInfo; weights: tf.TensorInfo }, { size: number }>(
  'Bincount',
  (heap, { x, weights }, attrs, stock) => {
    const flat = heap.reshape(x, [x.shape.reduce((product, length) => product * length, 1)])
    const counts = stock({ x: flat, weights }, attrs)
    heap.dispose(flat)
    return counts
  },
)
