import type * as tf from '@tensorflow/tfjs'

import { registerComplexForms } from './complex-forms.ts'
import { complexOf, needComplex, partsOf } from './complex-parts.ts'
import { kernel, type Kernel } from './kernel.ts'

/** Makes complex numbers of their real and imaginary parts. */
export const complex: Kernel = kernel<{ real: tf.TensorInfo; imag: tf.TensorInfo }, object>(
  'Complex',
  (heap, { real, imag }) => {
    registerComplexForms()
    const [first, second] = [real, imag].map((x) => heap.run('Cast', { x }, { dtype: 'float32' }))
    const out = heap.make([...real.shape, 2])
    const [reals, imaginaries, to] = [heap.float32(first!), heap.float32(second!), heap.float32(out)]
    for (let i = 0; i < reals.length; i++) {
      to[2 * i] = reals[i]!
      to[2 * i + 1] = imaginaries[i]!
    }
    heap.dispose(first!, second!)
    return complexOf(out)
  },
)

/** Gives the real parts of complex numbers. */
export const real: Kernel = takePart('Real', 0)

/** Gives the imaginary parts of complex numbers. */
export const imag: Kernel = takePart('Imag', 1)

function takePart(name: string, offset: 0 | 1): Kernel {
  return kernel<{ input: tf.TensorInfo }, object>(name, (heap, { input }) => {
    needComplex(name, input)
    const out = heap.make(input.shape)
    const parts = partsOf(heap, input)
    const [from, to] = [heap.float32(parts), heap.float32(out)]
    for (let i = 0; i < to.length; i++) to[i] = from[2 * i + offset]!
    heap.dispose(parts)
    return out
  })
}

/** Gives how far complex numbers are from 0. */
export const complexAbs: Kernel = kernel<{ x: tf.TensorInfo }, object>('ComplexAbs', (heap, { x }) => {
  needComplex('ComplexAbs', x)
  const out = heap.make(x.shape)
  const parts = partsOf(heap, x)
  const [from, to] = [heap.float32(parts), heap.float32(out)]
  for (let i = 0; i < to.length; i++) to[i] = Math.hypot(from[2 * i]!, from[2 * i + 1]!)
  heap.dispose(parts)
  return out
})
