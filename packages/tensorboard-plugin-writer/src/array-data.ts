import { fail } from './errors.ts'

/** Numbers in nested lists, all of the same length on a level. */
export type NestedNumbers = readonly number[] | readonly NestedNumbers[]

/** An array of numbers on the host, row by row. */
export interface HostArray {
  readonly shape: readonly number[]
  readonly data: ArrayLike<number> | BigInt64Array | BigUint64Array
}

/** What is asked of a tensor; a `tf.Tensor` fits. Reading it waits for the device. */
export interface ReadableTensor {
  readonly shape: readonly number[]
  readonly dtype?: string
  dataSync(): ArrayLike<number>
}

/** Numbers with a shape: lists, a typed array (one dimension), `{ shape, data }` or a `tf.Tensor`. */
export type ArrayData = NestedNumbers | ArrayLike<number> | HostArray | ReadableTensor

/** Numbers as the encoders want them. */
export interface FlatArray {
  readonly shape: readonly number[]
  readonly data: ArrayLike<number>
  /** Whether they are whole numbers by type, so that a pixel goes from 0 to 255. */
  readonly isInteger: boolean
}

/**
 * Makes one array of whatever holds numbers. @param what Names it in errors.
 * @throws if the number of values does not fit the shape.
 */
export function flatArray(what: string, given: ArrayData): FlatArray {
  const { shape, data, isInteger } = parts(what, given)
  const size = shape.reduce((product, length) => product * length, 1)
  if (data.length !== size)
    fail(`${what} has ${data.length} values, but its shape [${shape.join(', ')}] wants ${size}`)
  return { shape, data, isInteger }
}

function parts(what: string, given: ArrayData): FlatArray {
  if (typeof given !== 'object' || given === null)
    fail(
      `${what} must be a list of numbers, a typed array, { shape, data } or a tensor, not ${String(given)}`,
    )
  if ('dataSync' in given) {
    const data = given.dataSync()
    return { shape: given.shape, data, isInteger: given.dtype !== 'bool' && isIntegerArray(data) }
  }
  if ('shape' in given) {
    const data = given.data as ArrayLike<number | bigint>
    const isInteger = isIntegerArray(data)
    const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array
    return {
      shape: given.shape,
      data: isBig ? Array.from(data, Number) : (data as ArrayLike<number>),
      isInteger,
    }
  }
  if (!Array.isArray(given)) {
    const data = given as ArrayLike<number>
    return { shape: [data.length], data, isInteger: isIntegerArray(data) }
  }
  const shape: number[] = []
  for (let list: unknown = given; Array.isArray(list); list = list[0]) shape.push(list.length)
  return { shape, data: given.flat(Infinity) as number[], isInteger: false }
}

function isIntegerArray(data: ArrayLike<unknown>): boolean {
  return ArrayBuffer.isView(data) && !(data instanceof Float32Array) && !(data instanceof Float64Array)
}
