import type { fused, Tensor } from '@tensorflow/tfjs'

import { float, given, type Op, opsOf } from '../op.ts'

const op = opsOf('linear algebra')

type Shape = readonly number[]

function matMul(name: string, a: Shape, b: Shape, transposeA = false, transposeB = false): Op {
  return op(`matMul ${name}`, [float<Shape>(a), float<Shape>(b)], (tf, x, y) =>
    tf.matMul(x, y, transposeA, transposeB),
  )
}

type Activation = NonNullable<Parameters<typeof fused.matMul>[0]['activation']>

function fusedMatMul(activation: Activation, batch: Shape, transposeA = false, transposeB = false): Op {
  const kind = [batch.length > 0 && 'batched', transposeA && 'transposed A', transposeB && 'transposed B']
  const name = `fused.matMul ${['bias', activation, ...kind].filter(Boolean).join(', ')}`
  const a = float<Shape>([...batch, ...(transposeA ? [9, 5] : [5, 9])])
  const b = float<Shape>([...batch, ...(transposeB ? [7, 9] : [9, 7])])
  return op(name, [a, b, float([7])], (tf, x, y, bias) =>
    tf.fused.matMul({ a: x, b: y, bias, activation, transposeA, transposeB }),
  )
}

function integers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i * 7) % 11) - 5)
}

function einsum(equation: string, ...shapes: Shape[]): Op {
  const inputs = shapes.map((shape) => float<Shape>(shape))
  return op(`einsum ${equation}`, inputs, (tf, ...tensors) => tf.einsum(equation, ...(tensors as Tensor[])))
}

/** Products of matrices and vectors. */
export const linearAlgebraOps: readonly Op[] = [
  matMul('2D', [5, 9], [9, 7]),
  matMul('2D, transposed A', [9, 5], [9, 7], true),
  matMul('2D, transposed B', [5, 9], [7, 9], false, true),
  matMul('2D, both transposed', [9, 5], [7, 9], true, true),
  // Longer than the blocks of 48 that the stock kernel works in.
  matMul('2D, larger', [33, 70], [70, 17]),
  matMul('2D, larger, both transposed', [70, 33], [17, 70], true, true),
  matMul('of a row and a column', [1, 9], [9, 1]),
  matMul('of a column and a row', [7, 1], [1, 5]),
  matMul('of empty rows', [3, 0], [0, 2]),
  matMul('3D', [3, 5, 9], [3, 9, 7]),
  matMul('3D, transposed A', [3, 9, 5], [3, 9, 7], true),
  matMul('3D, transposed B', [3, 5, 9], [3, 7, 9], false, true),
  matMul('3D, both transposed', [3, 9, 5], [3, 7, 9], true, true),
  matMul('4D', [2, 3, 5, 4], [2, 3, 4, 6]),
  matMul('4D, transposed B', [2, 3, 8, 5], [2, 3, 8, 5], false, true),
  matMul('4D, larger', [2, 2, 17, 50], [2, 2, 50, 13]),
  matMul('broadcast: one A for all B', [1, 5, 9], [3, 9, 7]),
  matMul('broadcast: one B for all A', [3, 5, 9], [1, 9, 7]),
  matMul('broadcast: 3D with 2D', [3, 5, 9], [9, 7]),
  fusedMatMul('linear', []),
  fusedMatMul('relu', []),
  fusedMatMul('relu6', []),
  fusedMatMul('elu', []),
  fusedMatMul('sigmoid', []),
  fusedMatMul('leakyrelu', []),
  fusedMatMul('relu', [], true),
  fusedMatMul('linear', [], false, true),
  fusedMatMul('linear', [], true, true),
  fusedMatMul('linear', [3]),
  fusedMatMul('relu', [3], true, false),
  fusedMatMul('sigmoid', [3], false, true),
  fusedMatMul('linear', [2, 3], true, true),
  op('fused.matMul larger', [float([6, 70]), float([70, 5]), float([5])], (tf, a, b, bias) =>
    tf.fused.matMul({ a, b, bias, activation: 'relu' }),
  ),
  op('fused.matMul larger, batched', [float([2, 6, 70]), float([2, 70, 5]), float([5])], (tf, a, b, bias) =>
    tf.fused.matMul({ a, b, bias, activation: 'linear' }),
  ),
  op(
    'fused.matMul with one B for all A',
    [float([3, 5, 9]), float([1, 9, 7]), float([7])],
    (tf, a, b, bias) => tf.fused.matMul({ a, b, bias }),
  ),
  op('fused.matMul without bias', [float([5, 9]), float([9, 7])], (tf, a, b) =>
    tf.fused.matMul({ a, b, activation: 'relu' }),
  ),
  op(
    'fused.matMul prelu',
    [float([5, 9]), float([9, 7]), float([7]), float([7])],
    (tf, a, b, bias, slopes) =>
      tf.fused.matMul({ a, b, bias, activation: 'prelu', preluActivationWeights: slopes }),
    { noGradient: 'TensorFlow.js refuses to differentiate fused operations with prelu.' },
  ),
  op(
    'matMul of integers',
    [given([2, 2, 3], [1, -2, 3, 4, 5, -6, 70, 8, 9, 1, 0, 2]), given([2, 4, 3], integers(24))],
    (tf, a, b) => tf.matMul(a, b, false, true),
  ),
  op('dot (vectors)', [float([9]), float([9])], (tf, a, b) => tf.dot(a, b)),
  op('dot (matrix and vector)', [float([5, 9]), float([9])], (tf, a, b) => tf.dot(a, b)),
  op('outerProduct', [float([5]), float([7])], (tf, a, b) => tf.outerProduct(a, b)),
  einsum('ij,jk->ik', [4, 5], [5, 3]),
  einsum('bij,bjk->bik', [2, 4, 5], [2, 5, 3]),
  einsum('bhid,bhjd->bhij', [2, 2, 3, 4], [2, 2, 5, 4]),
  einsum('i,j->ij', [4], [5]),
  einsum('ij,ij->', [4, 5], [4, 5]),
  einsum('ij->ji', [4, 5]),
  einsum('ij->j', [4, 5]),
  op('linalg.bandPart (causal mask)', [float([5, 5])], (tf, x) => tf.linalg.bandPart(x, -1, 0)),
  op('linalg.gramSchmidt', [float([3, 4])], (tf, x) => tf.linalg.gramSchmidt(x) as Tensor, {
    tolerance: 1e-2,
  }),
  op('linalg.qr (product)', [float([5, 3])], (tf, x) => tf.matMul(...tf.linalg.qr(x))),
  op('linalg.qr (both factors)', [float([4, 3])], (tf, x) => tf.concat(tf.linalg.qr(x)), { tolerance: 1e-2 }),
  op('linalg.bandPart (batched)', [float([2, 4, 5])], (tf, x) => tf.linalg.bandPart(x, 1, 2)),
]
