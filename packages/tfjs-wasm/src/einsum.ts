import * as tf from '@tensorflow/tfjs'

import type { Heap } from './heap.ts'
import { kernel, type Kernel } from './kernel.ts'

/**
 * Computes einsum of one or two tensors; the backend has no such kernel.
 *
 * Labels of one tensor alone that are not in the result are summed away first. What is left is a product of stacks
 * of matrices: labels of both and the result count the stack, those of both but not the result are summed over, and
 * those of one tensor are rows or columns.
 */
export const einsum: Kernel = kernel<tf.TensorInfo[], { equation: string }>(
  'Einsum',
  (heap, tensors, { equation }) => {
    const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, tensors.length)
    tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as tf.Tensor[])
    const [terms, result] = parse(equation)
    const [first, second] = tensors.map((tensor, index): Labelled => {
      const others = terms.filter((_, other) => other !== index).join('')
      needLabels(tensor, terms[index]!)
      return sumExcept(heap, { tensor, labels: terms[index]! }, result + others)
    }) as [Labelled, Labelled | undefined]
    const product = second ? multiply(heap, first, second, result) : first
    return arrange(heap, product, result)
  },
)

function needLabels({ shape, dtype }: tf.TensorInfo, labels: string): void {
  if (dtype === 'bool')
    throw new Error('[tfjs-wasm] Einsum takes no bool on the WASM backend: cast it to int32')
  if (shape.length !== labels.length)
    throw new Error(
      `[tfjs-wasm] Einsum: "${labels}" is not for a tensor of shape [${shape.join(', ')}], which has ${shape.length} axes`,
    )
}

/** A tensor with a letter for each axis. It is the kernel's own, to be disposed by whoever takes it. */
interface Labelled {
  readonly tensor: tf.TensorInfo
  readonly labels: string
}

function parse(equation: string): [terms: string[], result: string] {
  const [inputs, result] = equation.replaceAll(/\s/g, '').split('->') as [string, string]
  return [inputs.split(','), result]
}

function sumExcept(heap: Heap, { tensor, labels }: Labelled, kept: string): Labelled {
  const axis = [...labels].flatMap((label, index) => (kept.includes(label) ? [] : [index]))
  if (axis.length === 0) return { tensor: heap.reshape(tensor, tensor.shape), labels }
  const sum = heap.run('Sum', { x: tensor }, { axis, keepDims: false })
  return { tensor: sum, labels: [...labels].filter((label) => kept.includes(label)).join('') }
}

/** Brings the axes into this order; takes the tensor and gives another one. */
function arrange(heap: Heap, { tensor, labels }: Labelled, order: string): tf.TensorInfo {
  if (labels === order) return tensor
  const perm = [...order].map((label) => labels.indexOf(label))
  const arranged = heap.run('Transpose', { x: tensor }, { perm })
  heap.dispose(tensor)
  return arranged
}

function multiply(heap: Heap, a: Labelled, b: Labelled, result: string): Labelled {
  const both = [...a.labels].filter((label) => b.labels.includes(label))
  const stack = both.filter((label) => result.includes(label)).join('')
  const summed = both.filter((label) => !result.includes(label)).join('')
  const rows = [...a.labels].filter((label) => !b.labels.includes(label)).join('')
  const columns = [...b.labels].filter((label) => !a.labels.includes(label)).join('')
  const sizes = new Map([...lengths(a), ...lengths(b)])
  const shapeOf = (labels: string): number[] => [...labels].map((label) => sizes.get(label)!)
  const sizeOf = (labels: string): number => tf.util.sizeFromShape(shapeOf(labels))
  const shape = shapeOf(stack + rows + columns)
  const float = a.tensor.dtype === 'float32' && b.tensor.dtype === 'float32'
  let out: tf.TensorInfo
  if (float && summed && (rows || columns)) {
    const left = arrange(heap, a, stack + rows + summed)
    const right = arrange(heap, b, stack + summed + columns)
    const [x, y] = [
      heap.reshape(left, [sizeOf(stack), sizeOf(rows), sizeOf(summed)]),
      heap.reshape(right, [sizeOf(stack), sizeOf(summed), sizeOf(columns)]),
    ]
    out = heap.run('BatchMatMul', { a: x, b: y }, { transposeA: false, transposeB: false })
    heap.dispose(left, right, x, y)
  } else {
    // One product a row and column: a matrix product would be all overhead.
    const left = arrange(heap, a, stack + rows + summed)
    const right = arrange(heap, b, stack + columns + summed)
    const [x, y] = [
      heap.reshape(left, [sizeOf(stack), sizeOf(rows), 1, sizeOf(summed)]),
      heap.reshape(right, [sizeOf(stack), 1, sizeOf(columns), sizeOf(summed)]),
    ]
    const products = heap.run('Multiply', { a: x, b: y })
    out = heap.run('Sum', { x: products }, { axis: [3], keepDims: false })
    heap.dispose(left, right, x, y, products)
  }
  const shaped = heap.reshape(out, shape)
  heap.dispose(out)
  return { tensor: shaped, labels: stack + rows + columns }
}

function lengths({ tensor, labels }: Labelled): [string, number][] {
  return [...labels].map((label, axis) => [label, tensor.shape[axis]!])
}
