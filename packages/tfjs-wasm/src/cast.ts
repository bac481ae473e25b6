import * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

/** Converts values to another type. The stock kernel takes the low byte of a number for true or false. */
export const cast: Kernel = kernel<{ x: tf.TensorInfo }, { dtype: tf.DataType }>(
  'Cast',
  (heap, { x }, { dtype }, stock) => {
    // Gradients are cast to what most of them are already.
    if (x.dtype === dtype && dtype !== 'string') return heap.reshape(x, x.shape)
    if (dtype === 'complex64') {
      const real = heap.run('Cast', { x }, { dtype: 'float32' })
      const imag = heap.run('ZerosLike', { x: real })
      const result = heap.run('Complex', { real, imag })
      heap.dispose(real, imag)
      return result
    }
    if (x.dtype === 'complex64') {
      const real = heap.run('Real', { input: x })
      const result = heap.run('Cast', { x: real }, { dtype })
      heap.dispose(real)
      return result
    }
    if (dtype !== 'bool' || x.dtype === 'bool' || x.dtype === 'string') return stock()
    const out = heap.make(x.shape, 'bool')
    const [from, to] = [heap.numbers(x), heap.bytes(out)]
    for (let i = 0; i < to.length; i++) to[i] = from[i] === 0 ? 0 : 1
    return out
  },
)

/** Makes rows of zeros with one other value; the stock kernel writes beyond rows of true and false. */
export const oneHot: Kernel = kernel<{ indices: tf.TensorInfo }, { dtype: tf.DataType }>(
  'OneHot',
  (heap, inputs, attrs, stock) => {
    const x = stock(inputs, { ...attrs, dtype: 'int32' })
    const result = heap.run('Cast', { x }, { dtype: 'bool' })
    heap.dispose(x)
    return result
  },
  (_, { dtype }) => dtype === 'bool',
)
