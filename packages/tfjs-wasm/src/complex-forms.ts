import * as tf from '@tensorflow/tfjs'

import { complexOf, partsOf } from './complex-parts.ts'
import type { Heap } from './heap.ts'
import { kernel, type Kernel, register } from './kernel.ts'

// Forms for complex numbers of kernels that have one for floats. They are registered with the first complex tensor,
// so that whoever has none does not pay for the question whether one is among the inputs.

/** Has the attributes of a kernel and the rank of its inputs; gives those for tensors with one more axis. */
type Adapt = (attrs: Record<string, unknown>, rank: number) => object

const unchanged: Adapt = (attrs) => attrs

/** Counts an axis from the front, so that one more at the end does not change it. */
const fromFront =
  (name: string, more = 0): Adapt =>
  (attrs, rank) => {
    const axes = attrs[name] as number | number[]
    const front = (axis: number): number => (axis < 0 ? axis + rank + more : axis)
    return { ...attrs, [name]: Array.isArray(axes) ? axes.map(front) : front(axes) }
  }

/** Kernels that treat both parts of a number alike: they are those of floats with one more axis. */
const partwise: Readonly<Record<string, Adapt>> = {
  Add: unchanged,
  AddN: unchanged,
  Sub: unchanged,
  Neg: unchanged,
  ZerosLike: unchanged,
  Slice: unchanged,
  Concat: fromFront('axis'),
  Pack: fromFront('axis', 1),
  Unpack: fromFront('axis'),
  SplitV: fromFront('axis'),
  Reverse: fromFront('dims'),
  Transpose: ({ perm }, rank) => ({ perm: [...(perm as number[]), rank] }),
  Tile: ({ reps }) => ({ reps: [...(reps as number[]), 1] }),
  Sum: ({ axis, keepDims }, rank) => {
    const all = Array.from({ length: rank }, (_, each) => each)
    return {
      keepDims,
      axis: [(axis as number | number[] | null) ?? all].flat().map((a) => (a + rank) % rank),
    }
  },
}

function partwiseForm(name: string, adapt: Adapt): Kernel {
  return kernel<Record<string, tf.TensorInfo>, Record<string, unknown>>(
    name,
    (heap, inputs, attrs, stock) => {
      const rank = Object.values(inputs)[0]!.shape.length
      const parts = mapValues(inputs, (x) => partsOf(heap, x))
      // A list of tensors has to stay one.
      const like = Array.isArray(inputs) ? (Object.values(parts) as unknown as typeof parts) : parts
      const results = [stock(like, adapt(attrs, rank) as typeof attrs)].flat().map(complexOf)
      heap.dispose(...Object.values(parts))
      return results.length === 1 && name !== 'Unpack' && name !== 'SplitV' ? results[0]! : results
    },
    hasComplex,
  )
}

function mapValues<T, U>(from: Record<string, T>, to: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, to(value)]))
}

/** Multiplies: (a + bi)(c + di) = (ac - bd) + (ad + bc)i. */
const multiply: Kernel = kernel<{ a: tf.TensorInfo; b: tf.TensorInfo }, object>(
  'Multiply',
  (heap, { a, b }) => {
    const parts = [a, b].flatMap((input) => [heap.run('Real', { input }), heap.run('Imag', { input })])
    const [ar, ai, br, bi] = parts as [tf.TensorInfo, tf.TensorInfo, tf.TensorInfo, tf.TensorInfo]
    const real = combine(heap, 'Sub', [ar, br], [ai, bi])
    const imag = combine(heap, 'Add', [ar, bi], [ai, br])
    const result = heap.run('Complex', { real, imag })
    heap.dispose(...parts, real, imag)
    return result
  },
  hasComplex,
)

type Factors = readonly [tf.TensorInfo, tf.TensorInfo]

function combine(heap: Heap, name: 'Add' | 'Sub', first: Factors, second: Factors): tf.TensorInfo {
  const [x, y] = [first, second].map(([a, b]) => heap.run('Multiply', { a, b }))
  const result = heap.run(name, { a: x!, b: y! })
  heap.dispose(x!, y!)
  return result
}

function hasComplex(inputs: object): boolean {
  return Object.values(inputs).some((x: tf.TensorInfo | undefined) => x?.dtype === 'complex64')
}

/** Kernels that know what to do with a complex tensor, or do nothing with its values. */
const others = [
  'Complex',
  'Real',
  'Imag',
  'ComplexAbs',
  'FFT',
  'IFFT',
  'Cast',
  'Identity',
  'Reshape',
  'ExpandDims',
]

let registered = false

/**
 * Registers the forms for complex numbers; a second call does nothing. All other kernels refuse them from then on:
 * they would take them for floats, and give something.
 */
export function registerComplexForms(): void {
  if (registered) return
  registered = true
  const forms = [...Object.entries(partwise).map(([name, adapt]) => partwiseForm(name, adapt)), multiply]
  const known = new Set([...others, ...forms.map(({ name }) => name)])
  for (const { kernelName } of tf.getKernelsForBackend('wasm'))
    if (!known.has(kernelName)) register(refusal(kernelName))
  for (const form of forms) register(form)
}

function refusal(name: string): Kernel {
  const refuse = (): never => {
    throw new Error(
      `[tfjs-wasm] ${name} takes no complex64 on the WASM backend: apply it to tf.real(x) and tf.imag(x)`,
    )
  }
  return kernel<Record<string, tf.TensorInfo>, object>(name, refuse, hasComplex)
}
