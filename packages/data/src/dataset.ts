import { type Awaitable, isPromise } from '@trainyard/core'
import { openColumns } from './columns.ts'
import { describe, fail } from './errors.ts'

/** A data set that gives an example by its number. `get` may read from anywhere, and may give a promise. */
export interface Indexable<T> {
  readonly length: number
  get(index: number): T
}

/** A data set as the loader sees it. */
export interface OpenDataset {
  readonly length: number
  /** Whether `read` never gives a promise. */
  readonly sync: boolean
  /** Whether `read` gives a list of examples, which can be collated. */
  readonly examples: boolean
  /** Gives a batch: the examples with these indices, or their rows of all columns. */
  read(indices: readonly number[]): Awaitable<unknown>
}

/** Finds out what kind of data set it is, and checks it. */
export function openDataset(dataset: unknown): OpenDataset {
  const opened = recognise(dataset)
  if (!Number.isSafeInteger(opened.length) || opened.length < 0)
    fail(`the dataset's \`length\` must be a whole number, not ${String(opened.length)}`)
  if (opened.length === 0) fail('the dataset is empty')
  return opened
}

function recognise(dataset: unknown): OpenDataset {
  if (Array.isArray(dataset)) {
    const read = (indices: readonly number[]): unknown[] => indices.map((index) => dataset[index] as unknown)
    return { length: dataset.length, sync: true, examples: true, read }
  }
  if (typeof dataset === 'object' && dataset !== null && !ArrayBuffer.isView(dataset)) {
    if (isIndexable(dataset)) {
      const read = (indices: readonly number[]): Awaitable<unknown[]> => readEach(dataset, indices)
      return { length: dataset.length, sync: false, examples: true, read }
    }
    if (!(Symbol.iterator in dataset) && !(Symbol.asyncIterator in dataset))
      return { ...openColumns(dataset), sync: true, examples: false }
  }
  return fail(
    '`dataset` must be an array of examples, columns such as { xs, ys }, or have `length` and get(index), ' +
      `not ${describe(dataset)}; a stream of examples is for iterableLoader()`,
  )
}

function isIndexable(dataset: object): dataset is Indexable<unknown> {
  return 'get' in dataset && typeof dataset.get === 'function'
}

/** Asks for all examples at once; waits only if one of them is a promise. */
function readEach(dataset: Indexable<unknown>, indices: readonly number[]): Awaitable<unknown[]> {
  const examples: unknown[] = []
  try {
    for (const index of indices) examples.push(dataset.get(index))
  } catch (error) {
    // Those on their way are not waited for, and must not fail without anybody listening.
    void Promise.allSettled(examples)
    throw error
  }
  return examples.some(isPromise) ? Promise.all(examples) : examples
}
