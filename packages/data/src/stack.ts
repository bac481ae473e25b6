import type { HostTensor, TypedArray } from '@trainyard/core'
import { describe, fail } from './errors.ts'
import {
  allocate,
  checkShape,
  isHostTensor,
  isTypedArray,
  type SameClass,
  sizeOf,
  type TypedTensor,
} from './typed-arrays.ts'

/** What `stack` makes of examples of type `E`. */
export type Stacked<E> = E extends number
  ? TypedTensor<Float32Array<ArrayBuffer>>
  : E extends TypedArray
    ? TypedTensor<SameClass<E>>
    : E extends { readonly data: infer A extends TypedArray; readonly shape: readonly number[] }
      ? TypedTensor<SameClass<A>>
      : { -readonly [Name in keyof E]: Stacked<E[Name]> }

/**
 * Stacks examples into tensors, as `collate`: numbers into a float32 tensor of shape [n]; typed arrays of
 * length d into shape [n, d]; host tensors of shape s into [n, ...s], both in an array of their class;
 * records of these into records, name by name.
 * @throws if the examples differ in shape, class or names, or hold something else.
 */
export function stack<E>(examples: readonly E[]): Stacked<E> {
  if (examples.length === 0) fail('stack() needs at least one example')
  return stackValues(examples, '') as Stacked<E>
}

function stackValues(values: readonly unknown[], name: string): unknown {
  const [first] = values
  if (typeof first === 'number')
    return { data: Float32Array.from(numbers(values, name)), shape: [values.length] }
  if (isTypedArray(first) || isHostTensor(first)) return stackTensors(values, first, name)
  if (typeof first !== 'object' || first === null || Array.isArray(first) || ArrayBuffer.isView(first))
    fail(
      'stack() takes numbers, typed arrays, { data, shape } and records of them, ' +
        `${at(name)}not ${describe(first)}`,
    )
  const names = Object.keys(first as object)
  for (const value of values) {
    const others = typeof value === 'object' && value !== null ? Object.keys(value) : []
    if (others.length !== names.length || !names.every((key) => others.includes(key)))
      fail(
        `stack() needs examples with the same names, ${at(name)}not ${names.join(', ')} and ${others.join(', ')}`,
      )
  }
  return Object.fromEntries(
    names.map((key) => [
      key,
      stackValues(
        values.map((value) => (value as Record<string, unknown>)[key]),
        name === '' ? key : `${name}.${key}`,
      ),
    ]),
  )
}

function numbers(values: readonly unknown[], name: string): readonly number[] {
  for (const value of values)
    if (typeof value !== 'number')
      fail(`stack() needs examples of one kind, ${at(name)}not a number and ${describe(value)}`)
  return values as readonly number[]
}

function stackTensors(values: readonly unknown[], first: TypedArray | HostTensor, name: string): HostTensor {
  const model = parts(first)
  const width = sizeOf(model.shape)
  const data = allocate(model.data, values.length * width)
  values.forEach((value, row) => {
    if (!isTypedArray(value) && !isHostTensor(value))
      return fail(`stack() needs examples of one kind, ${at(name)}not a tensor and ${describe(value)}`)
    const tensor = parts(value)
    checkShape(name === '' ? 'an example' : `\`${name}\` of an example`, tensor)
    if (label(tensor) !== label(model))
      fail(
        `stack() needs examples of one class and shape, ${at(name)}not ${label(model)} and ${label(tensor)}`,
      )
    // Both arrays are of one class, whichever it is; the compiler has to be told of one.
    const target = data as Float32Array
    target.set(tensor.data as Float32Array, row * width)
  })
  return { data, shape: [values.length, ...model.shape] }
}

function parts(value: TypedArray | HostTensor): HostTensor {
  return isTypedArray(value) ? { data: value, shape: [value.length] } : value
}

function label({ data, shape }: HostTensor): string {
  return `${data[Symbol.toStringTag]} [${shape.join(', ')}]`
}

function at(name: string): string {
  return name === '' ? '' : `for \`${name}\` `
}
