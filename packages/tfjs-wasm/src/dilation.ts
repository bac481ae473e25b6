import * as tf from '@tensorflow/tfjs'

import { type Geometry, geometry2d, validTaps } from './geometry.ts'
import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'

// Morphological dilation: the largest x + filter of each window. The stock kernels look for it from the smallest
// positive float on, not from the lowest, and are wrong where it is not positive.

interface DilationInputs {
  x: tf.TensorInfo
  filter: tf.TensorInfo
}

interface DilationAttrs {
  strides: number | [number, number]
  pad: 'same' | 'valid' | number
  dilations: number | [number, number]
}

/** Gives the largest sum of value and tap in each window. */
export const dilation2d: Kernel = kernel<DilationInputs, DilationAttrs>(
  'Dilation2D',
  (heap, { x, filter }, attrs) => {
    const geometry = dilationGeometry(x, filter, attrs)
    const { batch, output, inChannels } = geometry
    const out = heap.make([batch, output[1], output[2], inChannels], x.dtype)
    const [values, taps, to] = [heap.numbers(x), heap.numbers(filter), heap.numbers(out)]
    to.fill(-Infinity)
    forEachMaximum(heap, x, filter, geometry, (position, value, tap) => {
      to[position] = values[value]! + taps[tap]!
    })
    return out
  },
)

/** Differentiates dilation2d by its input: dy goes to the value of the first largest sum, as on the CPU backend. */
export const dilation2dBackpropInput: Kernel = kernel<DilationInputs & { dy: tf.TensorInfo }, DilationAttrs>(
  'Dilation2DBackpropInput',
  (heap, { x, filter, dy }, attrs) => {
    const out = heap.make(x.shape, x.dtype)
    const [gradient, dx] = [heap.numbers(dy), heap.numbers(out)]
    dx.fill(0)
    const geometry = dilationGeometry(x, filter, attrs)
    forEachMaximum(heap, x, filter, geometry, (position, value) => {
      dx[value]! += gradient[position]!
    })
    return out
  },
)

/** Differentiates dilation2d by its filter: dy goes to the tap of the first largest sum. */
export const dilation2dBackpropFilter: Kernel = kernel<DilationInputs & { dy: tf.TensorInfo }, DilationAttrs>(
  'Dilation2DBackpropFilter',
  (heap, { x, filter, dy }, attrs) => {
    const out = heap.make(filter.shape, filter.dtype)
    const [gradient, dw] = [heap.numbers(dy), heap.numbers(out)]
    dw.fill(0)
    const geometry = dilationGeometry(x, filter, attrs)
    forEachMaximum(heap, x, filter, geometry, (position, _, tap) => {
      dw[tap]! += gradient[position]!
    })
    return out
  },
)

function dilationGeometry(x: tf.TensorInfo, filter: tf.TensorInfo, attrs: DilationAttrs): Geometry {
  return geometry2d(
    tf.backend_util.computeDilation2DInfo(
      x.shape as [number, number, number, number],
      filter.shape as [number, number, number],
      attrs.strides,
      attrs.pad,
      'NHWC',
      attrs.dilations,
    ),
  )
}

/**
 * Calls for every output, with its position and those of the value and the tap that make the largest sum; not for
 * windows that lie in the padding altogether.
 */
function forEachMaximum(
  heap: Heap,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  geometry: Geometry,
  found: (position: number, value: number, tap: number) => void,
): void {
  const { batch, input, output, stride, dilation, pad, filter: size, inChannels: channels } = geometry
  const [values, taps] = [heap.numbers(x), heap.numbers(filter)]
  let position = 0
  for (let n = 0; n < batch; n++)
    for (let h = 0; h < output[1]; h++) {
      const [fromH, toH] = validTaps(geometry, 1, h)
      for (let w = 0; w < output[2]; w++) {
        const [fromW, toW] = validTaps(geometry, 2, w)
        for (let c = 0; c < channels; c++, position++) {
          let largest = -Infinity
          let value = -1
          let tap = -1
          for (let tapH = fromH; tapH < toH; tapH++) {
            const line = (n * input[1] + h * stride[1] + tapH * dilation[1] - pad[1]) * input[2]
            for (let tapW = fromW; tapW < toW; tapW++) {
              const at = (line + w * stride[2] + tapW * dilation[2] - pad[2]) * channels + c
              const weight = (tapH * size[2] + tapW) * channels + c
              const sum = values[at]! + taps[weight]!
              if (sum <= largest || Number.isNaN(largest)) continue
              largest = sum
              value = at
              tap = weight
            }
          }
          if (tap >= 0) found(position, value, tap)
        }
      }
    }
}
