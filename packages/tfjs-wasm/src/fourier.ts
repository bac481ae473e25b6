import type * as tf from '@tensorflow/tfjs'

import { complexOf, needComplex, partsOf } from './complex-parts.ts'
import { fourierTransform } from './fft.ts'
import { kernel, type Kernel } from './kernel.ts'

/** Transforms along the last axis, in double precision. */
export const fft: Kernel = transformed('FFT', [0, 1], () => 1)

/** Transforms back: the transform with the two parts exchanged, divided by its length. */
export const ifft: Kernel = transformed('IFFT', [1, 0], (length) => 1 / length)

function transformed(
  name: string,
  [real, imag]: [number, number],
  factor: (length: number) => number,
): Kernel {
  return kernel<{ input: tf.TensorInfo }, object>(name, (heap, { input }) => {
    needComplex(name, input)
    const length = input.shape.at(-1) ?? 1
    const parts = partsOf(heap, input)
    const out = heap.make(parts.shape)
    const [from, to] = [heap.float32(parts), heap.float32(out)]
    const [re, im] = [new Float64Array(length), new Float64Array(length)]
    const transform = fourierTransform(length)
    const scale = factor(length)
    for (let start = 0; start < to.length; start += 2 * length) {
      for (let i = 0; i < length; i++) {
        re[i] = from[start + 2 * i + real]!
        im[i] = from[start + 2 * i + imag]!
      }
      transform(re, im)
      for (let i = 0; i < length; i++) {
        to[start + 2 * i + real] = re[i]! * scale
        to[start + 2 * i + imag] = im[i]! * scale
      }
    }
    heap.dispose(parts)
    return complexOf(out)
  })
}
