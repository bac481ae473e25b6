import type * as tf from '@tensorflow/tfjs'

import { kernel, type Kernel } from './kernel.ts'

// Stock kernels that are right for some types alone; for others they give whatever was in the memory, or write beyond
// their result. Those go through them as floats.

interface Group {
  readonly kernels: readonly string[]
  /** The inputs with the values; the first one decides. */
  readonly inputs: readonly string[]
  /** The types that the stock kernels are right for. */
  readonly right: readonly string[]
  /** Whether the result has the type of the input; else it has the one that it has for floats. */
  readonly keepsType: boolean
}

const numbers = ['float32', 'int32']
const floats = ['float32']
const operands = ['a', 'b']

const groups: readonly Group[] = [
  {
    kernels: ['Expm1', 'Asinh', 'Reciprocal', 'Log1p', 'Asin', 'Acos', 'Atanh', 'Acosh', 'StridedSlice'],
    inputs: ['x'],
    right: floats,
    keepsType: true,
  },
  { kernels: ['IsNan', 'IsFinite', 'IsInf'], inputs: ['x'], right: floats, keepsType: false },
  { kernels: ['Prelu'], inputs: ['x', 'alpha'], right: floats, keepsType: false },
  { kernels: ['ResizeNearestNeighbor'], inputs: ['images'], right: floats, keepsType: true },
  {
    kernels: ['FusedBatchNorm'],
    inputs: ['x', 'mean', 'variance', 'offset', 'scale'],
    right: floats,
    keepsType: true,
  },
  {
    kernels: [
      'Abs',
      'Neg',
      'Sign',
      'Square',
      'Sinh',
      'Atan',
      'Softplus',
      'Relu',
      'Relu6',
      'Selu',
      'Step',
      'Round',
    ],
    inputs: ['x'],
    right: numbers,
    keepsType: true,
  },
  { kernels: ['Exp', 'LeakyRelu'], inputs: ['x'], right: numbers, keepsType: false },
  { kernels: ['RealDiv', 'Mod', 'Atan2'], inputs: operands, right: numbers, keepsType: true },
  { kernels: ['FloorDiv'], inputs: operands, right: numbers, keepsType: false },
  {
    kernels: [
      'Reverse',
      'PadV2',
      'MirrorPad',
      'SpaceToBatchND',
      'ClipByValue',
      'MaxPool',
      'MaxPool3D',
      'TopK',
    ],
    inputs: ['x'],
    right: numbers,
    keepsType: true,
  },
  { kernels: ['UnsortedSegmentSum'], inputs: ['x'], right: numbers, keepsType: false },
  { kernels: ['Dilation2D'], inputs: ['x', 'filter'], right: numbers, keepsType: true },
  { kernels: ['Bincount', 'DenseBincount'], inputs: ['weights'], right: numbers, keepsType: true },
  { kernels: ['ScatterNd'], inputs: ['updates'], right: numbers, keepsType: true },
  { kernels: ['TensorScatterUpdate'], inputs: ['tensor', 'updates'], right: numbers, keepsType: true },
  { kernels: ['SparseToDense'], inputs: ['sparseValues', 'defaultValue'], right: numbers, keepsType: true },
  { kernels: ['Select'], inputs: ['t', 'e'], right: numbers, keepsType: true },
]

/** Kernels for the types that the stock kernels are wrong for. They replace what is registered before them. */
export const forOtherTypes: readonly Kernel[] = groups.flatMap(({ kernels, inputs, right, keepsType }) =>
  kernels.map((name) =>
    kernel<Record<string, tf.TensorInfo>, object>(
      name,
      (heap, given, _, stock) => {
        const { dtype } = given[inputs[0]!]!
        const cast = (x: tf.TensorInfo, type: tf.DataType): tf.TensorInfo =>
          heap.run('Cast', { x }, { dtype: type })
        const names = inputs.filter((input) => given[input])
        const values = names.map((input) => cast(given[input]!, 'float32'))
        const results = stock({
          ...given,
          ...Object.fromEntries(names.map((input, index) => [input, values[index]!])),
        }) as tf.TensorInfo | tf.TensorInfo[]
        heap.dispose(...values)
        const typed = [results].flat().map((result) => {
          if (!keepsType || result.dtype !== 'float32') return result
          // Fractions are dropped on the way to true or false, as on the CPU backend.
          const integers = cast(result, 'int32')
          const back = cast(integers, dtype)
          heap.dispose(result, integers)
          return back
        })
        return Array.isArray(results) ? typed : typed[0]!
      },
      (given) => {
        const { dtype } = given[inputs[0]!]!
        return dtype !== 'float32' && !right.includes(dtype)
      },
    ),
  ),
)
