import type * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

// By 0, integers have no quotient. The stock kernels stop with an error of the WebAssembly machine or give the lowest integer;
// here it is 0, as on the CPU backend.

/** Divides and rounds down, to integers as on the CPU backend; the stock kernel leaves floats as they are. */
export const floorDiv: Kernel = division('FloorDiv', (type) => type === 'int32' || type === 'float32')

/** Gives what is left of a division, with the sign of the divisor. */
export const mod: Kernel = division('Mod', (type) => type === 'int32')

interface Operands {
  a: tf.TensorInfo
  b: tf.TensorInfo
}

function division(name: string, isNeeded: (type: tf.DataType) => boolean): Kernel {
  return kernel<Operands, object>(
    name,
    (heap, { a, b }, attrs, stock) => {
      if (b.dtype === 'int32' && !heap.int32(b).includes(0)) return stock()
      const [dividend, divisor] = [a, b].map((x) => heap.run('Cast', { x }, { dtype: 'float32' }))
      const x = stock({ a: dividend!, b: divisor! }, attrs)
      const result = heap.run('Cast', { x }, { dtype: 'int32' })
      heap.dispose(dividend!, divisor!, x)
      return result
    },
    ({ a }) => isNeeded(a.dtype),
  )
}
