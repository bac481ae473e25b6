import * as tf from '@tensorflow/tfjs'

import type { Heap, Piece } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'

interface Factors {
  a: tf.TensorInfo
  b: tf.TensorInfo
}

interface Transposes {
  transposeA: boolean
  transposeB: boolean
}

/**
 * Multiplies stacks of matrices. The stock kernel takes XNNPACK only for a single product without transposes, and
 * scalar loops for the others: every gradient of a product, and all attention. Here whatever is transposed is
 * transposed first, which costs O(n²) beside O(n³), and each product of a stack goes to XNNPACK.
 */
export const batchMatMul: Kernel = kernel<Factors, Transposes>('BatchMatMul', (heap, { a, b }, attrs) => {
  return product(heap, a, b, attrs)
})

interface FusedInputs extends Factors {
  bias?: tf.TensorInfo
  preluActivationWeights?: tf.TensorInfo
}

interface FusedAttrs extends Transposes {
  activation?: string | null
  leakyreluAlpha?: number | null
}

/**
 * Computes activation(A·B + bias). The stock kernel is right where it takes XNNPACK; in its scalar loops it adds
 * the bias once for every 48 columns of A and never wraps it around, so these cases are computed in steps.
 */
export const fusedMatMul: Kernel = kernel<FusedInputs, FusedAttrs>(
  '_FusedMatMul',
  (heap, inputs, attrs, stock) => {
    const { a, b, bias, preluActivationWeights } = inputs
    const single = batchOf(a) === 1 && batchOf(b) === 1 && !attrs.transposeA && !attrs.transposeB
    const columns = b.shape.at(-1)!
    const biasFits = !bias || (bias.shape.length === 1 && bias.shape[0] === columns)
    // The stock kernel applies prelu by position in the memory, which is right only for a full set of slopes.
    const plain = attrs.activation !== 'prelu' && tf.util.sizeFromShape(a.shape) > 0 && columns > 0
    if (single && biasFits && plain && heap.packs(b, b.shape.at(-2)!)) return stock()

    let result = product(heap, a, b, attrs)
    if (bias) result = replace(heap, result, (x) => heap.run('Add', { a: x, b: bias }))
    const activation = attrs.activation ?? 'linear'
    if (activation === 'linear') return result
    return replace(heap, result, (x) => activate(heap, x, activation, attrs, preluActivationWeights))
  },
)

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

function product(
  heap: Heap,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA, transposeB }: Transposes,
): tf.TensorInfo {
  if (a.dtype !== 'float32' || b.dtype !== 'float32')
    throw new Error(
      `[tfjs-wasm] BatchMatMul multiplies float32 tensors, not ${a.dtype} and ${b.dtype}: cast them`,
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
  const [aCount, bCount, count] = [aBatch, bBatch, batch].map(tf.util.sizeFromShape) as [
    number,
    number,
    number,
  ]
  const out = heap.make([...batch, rows, columns])
  if (count * rows * columns === 0) return out
  if (inner === 0) {
    heap.float32(out).fill(0)
    return out
  }
  const left = transposeA ? heap.transposeMatrices(a, aCount, inner, rows) : a
  const right = transposeB ? heap.transposeMatrices(b, bCount, columns, inner) : b
  if (bCount === 1 && aCount === count) {
    // One matrix on the right for all on the left: their rows follow each other in memory, so it is one product.
    heap.multiply(left, right, out, { rows: count * rows, inner, columns })
  } else {
    const aIndex = broadcastIndices(aBatch, batch)
    const bIndex = broadcastIndices(bBatch, batch)
    const pieces = Array.from(aIndex, (index, i): Piece => {
      return [index * rows * inner, bIndex[i]! * inner * columns, i * rows * columns]
    })
    heap.multiply(left, right, out, { rows, inner, columns }, pieces)
  }
  if (transposeA) heap.dispose(left)
  if (transposeB) heap.dispose(right)
  return out
}

function batchOf(x: tf.TensorInfo): number {
  return tf.util.sizeFromShape(x.shape.slice(0, -2))
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
