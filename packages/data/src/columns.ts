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

/** One property of all examples: a number for each, or a tensor whose first dimension counts the examples. */
export type Column = TypedArray | HostTensor

/** A data set by columns, all equally long: `{ xs: { data, shape: [60000, 784] }, ys: Int32Array }`. */
export interface Columns {
  readonly [name: string]: Column
}

/** The class of the array that holds a column. */
type ArrayOf<C> = C extends TypedArray
  ? C
  : C extends { readonly data: infer A extends TypedArray }
    ? A
    : never

/** A batch of columns: of each, the rows of the batch, in a new array of the same class. */
export type ColumnBatch<C> = { -readonly [Name in keyof C]: TypedTensor<SameClass<ArrayOf<C[Name]>>> }

/** A column, checked: `length` rows of `width` values each. */
interface CheckedColumn {
  readonly name: string
  readonly data: TypedArray
  readonly rowShape: readonly number[]
  readonly width: number
  readonly length: number
}

/** Checks columns and tells how to read rows of them. */
export function openColumns<C>(columns: C): {
  length: number
  read(indices: readonly number[]): ColumnBatch<C>
} {
  const checked = Object.entries(columns as Columns).map(([name, column]) => checkColumn(name, column))
  const [first, ...others] = checked
  if (first === undefined) return fail('the dataset has no columns; give it some, such as { xs, ys }')
  for (const { name, length } of others)
    if (length !== first.length)
      fail(
        'all columns must be equally long, ' +
          `but \`${first.name}\` has ${first.length} examples and \`${name}\` has ${length}`,
      )
  return {
    length: first.length,
    read: (indices) =>
      Object.fromEntries(checked.map((column) => [column.name, gather(column, indices)])) as ColumnBatch<C>,
  }
}

function checkColumn(name: string, column: unknown): CheckedColumn {
  if (isTypedArray(column)) return { name, data: column, rowShape: [], width: 1, length: column.length }
  if (!isHostTensor(column))
    fail(
      `column \`${name}\` must be a typed array or { data: <typed array>, shape }, not ${describe(column)}`,
    )
  checkShape(`column \`${name}\``, column as HostTensor)
  const { data, shape } = column as HostTensor
  const [length, ...rowShape] = shape
  if (length === undefined)
    return fail(`column \`${name}\` is a single number; its shape must begin with the number of examples`)
  return { name, data, rowShape, width: sizeOf(rowShape), length }
}

/** Copies rows out of a column. */
function gather({ data, rowShape, width }: CheckedColumn, indices: readonly number[]): HostTensor {
  const rows = indices.length
  const batch = { data: allocate(data, rows * width), shape: [rows, ...rowShape] }
  // The arrays are of one class, whichever it is; the compiler has to be told of one.
  const from = data as Float32Array
  const to = batch.data as Float32Array
  for (let row = 0; row < rows;) {
    // Neighbours are copied together, so that an order without shuffling is one copy.
    const index = indices[row]!
    let run = 1
    while (indices[row + run] === index + run) run++
    const values = run * width
    const start = index * width
    const target = row * width
    // `set` has a price of its own, which a few values are not worth.
    if (values < 16) for (let k = 0; k < values; k++) to[target + k] = from[start + k]!
    else to.set(from.subarray(start, start + values), target)
    row += run
  }
  return batch
}
