import type * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

interface AxisInputs {
  x?: tf.TensorInfo
  logits?: tf.TensorInfo
}

interface AxisAttrs {
  axis?: number
}

/**
 * Functions along an axis. A scalar has none, and the stock kernels then run for ever or leave what was in the memory; running
 * sums take a negative axis for a position before the first, on every backend.
 */
export const alongAnAxis: readonly Kernel[] = ['Cumsum', 'Cumprod', 'Softmax'].map((name) =>
  kernel<AxisInputs, AxisAttrs>(
    name,
    (_, inputs, attrs, stock) => {
      const rank = rankOf(inputs)
      if (rank === 0)
        throw new Error(`[tfjs-wasm] ${name} takes no scalar on the WASM backend: it has no axis to go along`)
      return stock(inputs, { ...attrs, axis: attrs.axis! + rank })
    },
    (inputs, { axis = 0 }) => axis < 0 || rankOf(inputs) === 0,
  ),
)

function rankOf({ x, logits }: AxisInputs): number {
  return (x ?? logits)!.shape.length
}
