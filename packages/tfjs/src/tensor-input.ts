import * as tf from '@tensorflow/tfjs'
import type { HostTensor, TypedArray } from '@trainyard/core'
import { fail } from './errors.ts'

/** What stands for a tensor in a batch: a tensor, data with a shape (as `@trainyard/data` gives it), a typed array, numbers or nested lists. */
export type TensorInput =
  | tf.Tensor
  | HostTensor
  | TypedArray
  | number
  | readonly number[]
  | readonly (readonly number[])[]
  | readonly (readonly (readonly number[])[])[]

/** A batch as it reaches the user's function: the same record, of tensors. */
export type TensorsOf<Batch> = Batch extends TensorInput
  ? tf.Tensor
  : {
      [K in keyof Batch]: Extract<Batch[K], undefined> | (Batch[K] extends undefined ? undefined : tf.Tensor)
    }

/** A batch turned into tensors, and those of them that have to be freed after it. */
export interface BatchTensors<Batch> {
  readonly tensors: TensorsOf<Batch>
  readonly made: tf.Tensor[]
}

/** Turns a batch into tensors. Tensors that it holds already stay the caller's; all others are made here. */
export function toTensors<Batch>(batch: Batch): BatchTensors<Batch> {
  const made: tf.Tensor[] = []
  const convert = (value: unknown, where: string): tf.Tensor => {
    if (value instanceof tf.Tensor) return value
    const tensor = toTensor(value, where)
    made.push(tensor)
    return tensor
  }
  if (isInput(batch)) return { tensors: convert(batch, 'the batch') as TensorsOf<Batch>, made }
  if (typeof batch !== 'object' || batch === null)
    fail(`a batch must be a record of tensors or data, not ${batch === null ? 'null' : typeof batch}`)
  try {
    const entries = Object.entries(batch).map(([key, value]) => [
      key,
      value === undefined ? undefined : convert(value, `\`${key}\` of the batch`),
    ])
    return { tensors: Object.fromEntries(entries) as TensorsOf<Batch>, made }
  } catch (error) {
    tf.dispose(made)
    throw error
  }
}

function isInput(value: unknown): boolean {
  return (
    value instanceof tf.Tensor ||
    ArrayBuffer.isView(value) ||
    Array.isArray(value) ||
    typeof value === 'number' ||
    isHostTensor(value)
  )
}

function isHostTensor(value: unknown): value is HostTensor {
  return (
    typeof value === 'object' &&
    value !== null &&
    'shape' in value &&
    'data' in value &&
    ArrayBuffer.isView(value.data)
  )
}

function toTensor(value: unknown, where: string): tf.Tensor {
  if (isHostTensor(value)) return fromTyped(value.data, value.shape, where)
  if (ArrayBuffer.isView(value))
    return fromTyped(value as TypedArray, [(value as Float32Array).length], where)
  if (Array.isArray(value) || typeof value === 'number')
    return tf.tensor(value as number[], undefined, 'float32')
  fail(`${where} must be a tensor, { data, shape }, a typed array or numbers, not ${String(value)}`)
}

/** Floats stay floats; whole numbers become int32, the one such type that every kernel knows. */
function fromTyped(data: TypedArray, shape: readonly number[], where: string): tf.Tensor {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    fail(
      `${where} is a ${data.constructor.name}, which TensorFlow.js cannot hold; convert it to an Int32Array`,
    )
  const size = shape.reduce((product, n) => product * n, 1)
  if (size !== data.length)
    fail(`${where} has ${data.length} values, but its shape [${String(shape)}] needs ${size}`)
  const copy = [...shape]
  if (data instanceof Float32Array) return tf.tensor(data, copy, 'float32')
  if (data instanceof Float64Array) return tf.tensor(Float32Array.from(data), copy, 'float32')
  return tf.tensor(data instanceof Int32Array ? data : Int32Array.from(data), copy, 'int32')
}
