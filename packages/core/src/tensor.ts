import type { Awaitable } from './awaitable.ts'
import type { UniqueName } from './tensor-ref.ts'

/** The arrays that hold numbers on the host. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/** What the core asks of a tensor, whatever library it comes from (a `tf.Tensor` fits). */
export interface TensorHandle {
  /** Sizes of the dimensions; a scalar has none. */
  readonly shape: readonly number[]
  data(): Awaitable<TypedArray>
  dispose?(): void
}

/** One named output of a module: a plain number, or a tensor that may live on a device. */
export type TensorLike = number | TensorHandle

/** The named outputs of a module; `loss` is always among them. */
export interface Outputs {
  loss: TensorLike
}

/** Outputs whose names nobody wrote down: every name is accepted, and what it stands for is not checked. */
// `any`, because a callback written for any module has to fit the callbacks of each one, in both directions.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyOutputs = any

/** A tensor copied to the host. */
export interface HostTensor {
  readonly shape: readonly number[]
  readonly data: TypedArray
}

/** The names of a module's outputs. */
export type TensorName<O> = keyof O & string

/** A name under which a number can be read: an output, its mean over the validation set, or the unique name of a reference. */
export type MetricName<O> = TensorName<O> | `val_${TensorName<O>}` | UniqueName

/** Tells whether an output is one number; only these can be logged as a curve. */
export function isScalar(value: TensorLike): boolean {
  return typeof value === 'number' || value.shape.length === 0
}

/** Copies one output to the host. */
export async function toHost(value: TensorLike): Promise<HostTensor> {
  if (typeof value === 'number') return { shape: [], data: Float64Array.of(value) }
  return { shape: value.shape, data: await value.data() }
}

/** Frees the tensors among the outputs, but for those in `kept`. A module may give one tensor under two names. */
export function disposeOutputs(outputs: object, kept?: object): void {
  const values = Object.values(outputs)
  const spared = kept && Object.values(kept)
  // Indexes instead of a set: this runs at every step.
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === 'object' && values.indexOf(value) === i && !spared?.includes(value))
      (value as TensorHandle).dispose?.()
  }
}
