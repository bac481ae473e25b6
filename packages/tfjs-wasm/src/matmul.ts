import * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'
import { multiply, type Piece } from './multiply.ts'

interface Factors {
  a: tf.TensorInfo
  b: tf.TensorInfo
}

interface Transposes {
  transposeA: boolean
  transposeB: boolean
}

/**
 * Multiplies stacks of matrices. The stock kernel has XNNPACK for a single product without transposes, and keeps a copy
 * of the right factor as XNNPACK wants it, which is then wrong for the same values in another shape; for all others,
 * so every gradient of a product and all attention, it has scalar loops.
 */
export const batchMatMul: Kernel = kernel<Factors, Transposes>('BatchMatMul', (heap, { a, b }, attrs) => {
  return a.dtype === 'int32' && b.dtype === 'int32'
    ? integerProduct(heap, a, b, attrs)
    : product(heap, a, b, attrs)
})

/** Multiplies integers one by one, as a sum over a product of all rows and columns. */
function integerProduct(
  heap: Heap,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA, transposeB }: Transposes,
): tf.TensorInfo {
  // Rows of A along a new last axis but one, columns of B along the last but two: [..., rows, columns, inner].
  const left = lastTwo(heap, a, transposeA, (rows, inner) => [rows, 1, inner])
  const right = lastTwo(heap, b, !transposeB, (columns, inner) => [1, columns, inner])
  const products = heap.run('Multiply', { a: left, b: right })
  const sums = heap.run('Sum', { x: products }, { axis: [products.shape.length - 1], keepDims: false })
  heap.dispose(left, right, products)
  return sums
}

/** Transposes matrices if told so, and gives their last two axes another shape. */
function lastTwo(
  heap: Heap,
  x: tf.TensorInfo,
  isTransposed: boolean,
  shape: (first: number, second: number) => number[],
): tf.TensorInfo {
  const rank = x.shape.length
  const order = isTransposed ? [rank - 1, rank - 2] : [rank - 2, rank - 1]
  const perm = [...x.shape.keys()].slice(0, -2).concat(order)
  const turned = heap.run('Transpose', { x }, { perm })
  const [first, second] = turned.shape.slice(-2) as [number, number]
  const result = heap.reshape(turned, [...turned.shape.slice(0, -2), ...shape(first, second)])
  heap.dispose(turned)
  return result
}

interface FusedInputs extends Factors {
  bias?: tf.TensorInfo
  preluActivationWeights?: tf.TensorInfo
}

interface FusedAttrs extends Transposes {
  activation?: string | null
  leakyreluAlpha?: number | null
}

/**
 * Computes activation(A·B + bias). The scalar loops of the stock kernel add the bias once for every 48 columns of A and
 * never wrap it around.
 */
export const fusedMatMul: Kernel = kernel<FusedInputs, FusedAttrs>('_FusedMatMul', (heap, inputs, attrs) => {
  const { a, b, bias, preluActivationWeights } = inputs
  const activation = attrs.activation ?? 'linear'
  const isRow =
    bias?.shape.length === 1 && bias.shape[0] === (attrs.transposeB ? b.shape.at(-2) : b.shape.at(-1))
  let result = product(heap, a, b, attrs, isRow ? bias : undefined)
  if (bias && !isRow) result = replace(heap, result, (x) => heap.run('Add', { a: x, b: bias }))
  if (activation === 'linear') return result
  return replace(heap, result, (x) => activate(heap, x, activation, attrs, preluActivationWeights))
})

const activations: Record<string, string> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
}

function activate(
  heap: Heap,
  x: tf.TensorInfo,
  activation: string,
  { leakyreluAlpha }: FusedAttrs,
  slopes: tf.TensorInfo | undefined,
): tf.TensorInfo {
  if (activation === 'prelu' && slopes) return heap.run('Prelu', { x, alpha: slopes })
  if (activation === 'leakyrelu') return heap.run('LeakyRelu', { x }, { alpha: leakyreluAlpha ?? 0.2 })
  const name = activations[activation]
  if (!name) throw new Error(`[tfjs-wasm] _FusedMatMul does not know the activation "${activation}"`)
  return heap.run(name, { x })
}

function replace(heap: Heap, x: tf.TensorInfo, compute: (x: tf.TensorInfo) => tf.TensorInfo): tf.TensorInfo {
  const result = compute(x)
  heap.dispose(x)
  return result
}

/** Computes A·B, plus a bias for each column. */
function product(
  heap: Heap,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA, transposeB }: Transposes,
  bias?: tf.TensorInfo,
): tf.TensorInfo {
  if (a.dtype !== 'float32' || b.dtype !== 'float32')
    throw new Error(
      `[tfjs-wasm] BatchMatMul multiplies float32 tensors, not ${a.dtype} and ${b.dtype}: cast them`,
    )
  if (a.shape.length < 2 || b.shape.length < 2)
    throw new Error(
      `[tfjs-wasm] BatchMatMul multiplies matrices, not [${a.shape.join(', ')}] and [${b.shape.join(', ')}]: reshape them`,
    )
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number]
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number]
  const rows = transposeA ? aColumns : aRows
  const inner = transposeA ? aRows : aColumns
  const columns = transposeB ? bRows : bColumns
  if (inner !== (transposeB ? bColumns : bRows))
    throw new Error(
      `[tfjs-wasm] cannot multiply [${a.shape.join(', ')}] and [${b.shape.join(', ')}] with ` +
        `transposeA=${transposeA}, transposeB=${transposeB}: the inner dimensions differ`,
    )
  const aBatch = a.shape.slice(0, -2)
  const bBatch = b.shape.slice(0, -2)
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch)
  const out = heap.make([...batch, rows, columns])
  const count = tf.util.sizeFromShape(batch)
  if (bias) fillRows(heap.float32(out), heap.float32(bias))
  const size = { rows, inner, columns, transposeA, transposeB, add: bias !== undefined }
  const oneRight = tf.util.sizeFromShape(bBatch) === 1 && tf.util.sizeFromShape(aBatch) === count
  if (oneRight && (count === 1 || !transposeA)) {
    // One matrix on the right for all on the left: their rows follow each other in memory, so it is one product.
    multiply(heap, a, b, out, { ...size, rows: count * rows })
    return out
  }
  const aIndex = broadcastIndices(aBatch, batch)
  const bIndex = broadcastIndices(bBatch, batch)
  const pieces = Array.from(aIndex, (index, i): Piece => {
    return [index * rows * inner, bIndex[i]! * inner * columns, i * rows * columns]
  })
  multiply(heap, a, b, out, size, pieces)
  return out
}

function fillRows(out: Float32Array, row: Float32Array): void {
  for (let start = 0; start < out.length; start += row.length) out.set(row, start)
}

/** Says for each element of `to`, in row-major order, which element of `from` is broadcast to it. */
function broadcastIndices(from: readonly number[], to: readonly number[]): Int32Array {
  let indices = Int32Array.of(0)
  for (let axis = 0; axis < to.length; axis++) {
    const size = to[axis]!
    const own = from[axis - to.length + from.length] ?? 1
    const longer = new Int32Array(indices.length * size)
    for (let i = 0; i < longer.length; i++)
      longer[i] = indices[Math.floor(i / size)]! * own + (own === 1 ? 0 : i % size)
    indices = longer
  }
  return indices
}
