import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

interface BatchNormInputs {
  x: tf.TensorInfo
  mean: tf.TensorInfo
  variance: tf.TensorInfo
  offset?: tf.TensorInfo
  scale?: tf.TensorInfo
}

/**
 * Normalizes each channel: (x - mean) · scale / √(variance + ε) + offset. What does not depend on x is computed once a
 * channel; the stock kernel does it for each value.
 */
export const fusedBatchNorm: Kernel = kernel<BatchNormInputs, { varianceEpsilon: number }>(
  'FusedBatchNorm',
  (heap, { x, mean, variance, offset, scale }, { varianceEpsilon }, stock) => {
    const channels = x.shape.at(-1)!
    const perChannel = [mean, variance, offset, scale].every(
      (tensor) => !tensor || (tensor.shape.length === 1 && tensor.shape[0] === channels),
    )
    if (!perChannel || x.dtype !== 'float32') return stock()
    const out = heap.make(x.shape)
    const [factors, offsets] = [heap.make([channels]), heap.make([channels])]
    const variances = heap.float32(variance)
    const scales = scale && heap.float32(scale)
    const factorValues = heap.float32(factors)
    for (let c = 0; c < channels; c++)
      factorValues[c] = (scales ? scales[c]! : 1) / Math.sqrt(variances[c]! + varianceEpsilon)
    if (offset) heap.float32(offsets).set(heap.float32(offset))
    else heap.float32(offsets).fill(0)
    const rows = channels > 0 ? tf.util.sizeFromShape(x.shape) / channels : 0
    const [from, to, means] = [heap.address(x), heap.address(out), heap.address(mean)]
    heap.loops.normalize(from, to, rows, channels, means, heap.address(factors), heap.address(offsets))
    heap.dispose(factors, offsets)
    return out
  },
)
