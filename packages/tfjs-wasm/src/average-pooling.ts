import type * as tf from '@tensorflow/tfjs'

import { type Geometry, validTaps } from './geometry.ts'
import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'
import {
  type Pool3DAttrs,
  type PoolAttrs,
  poolGeometry2d,
  poolGeometry3d,
  type PoolGradInputs,
} from './pool-geometry.ts'

// A window that reaches into the padding is averaged over what it has of the input, but the stock kernels (as those
// of the CPU backend) divide its gradient by the size of the whole window.

/** Differentiates avgPool: each pixel of a window gets an equal part of dy. */
export const avgPoolGrad: Kernel = kernel<PoolGradInputs, PoolAttrs>(
  'AvgPoolGrad',
  (heap, { dy, input }, attrs) => spread(heap, dy, input, poolGeometry2d(input, attrs, dy)),
)

/** Differentiates avgPool3d, as in two dimensions. */
export const avgPool3dGrad: Kernel = kernel<PoolGradInputs, Pool3DAttrs>(
  'AvgPool3DGrad',
  (heap, { dy, input }, attrs) => spread(heap, dy, input, poolGeometry3d(input, attrs)),
)

function spread(heap: Heap, dy: tf.TensorInfo, x: tf.TensorInfo, geometry: Geometry): tf.TensorInfo {
  const { batch, inChannels: channels, input, output, stride, dilation, pad } = geometry
  const out = heap.make(x.shape)
  heap.float32(out).fill(0)
  const start = heap.address(out)
  let from = heap.address(dy)
  for (let n = 0; n < batch; n++)
    for (let d = 0; d < output[0]; d++) {
      const [fromD, toD] = validTaps(geometry, 0, d)
      for (let h = 0; h < output[1]; h++) {
        const [fromH, toH] = validTaps(geometry, 1, h)
        for (let w = 0; w < output[2]; w++, from += 4 * channels) {
          const [fromW, toW] = validTaps(geometry, 2, w)
          const part = 1 / ((toD - fromD) * (toH - fromH) * (toW - fromW))
          for (let tapD = fromD; tapD < toD; tapD++)
            for (let tapH = fromH; tapH < toH; tapH++) {
              const plane = n * input[0] + d * stride[0] + tapD * dilation[0] - pad[0]
              const line = (plane * input[1] + h * stride[1] + tapH * dilation[1] - pad[1]) * input[2]
              for (let tapW = fromW; tapW < toW; tapW++) {
                const pixel = line + w * stride[2] + tapW * dilation[2] - pad[2]
                heap.loops.accumulate(start + 4 * pixel * channels, from, channels, part)
              }
            }
        }
      }
    }
  return out
}
