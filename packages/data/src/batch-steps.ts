import { type Awaitable, isPromise } from '@trainyard/core'
import { optionalFunction } from './options.ts'

/**
 * Where in the run a batch stands. What is random in a `transform` should depend on it alone, so that a
 * resumed run sees the same.
 */
export interface BatchPosition {
  readonly epoch: number
  readonly batch: number
  readonly rank: number
}

/** What is done with examples before they are a batch for the module. */
export interface BatchSteps<Examples, Collated, Transformed> {
  /** Makes a batch of a list of examples, for example `stack`. Default: the list is the batch. */
  collate?: (examples: Examples) => Collated
  /**
   * Changes a finished batch, for example scales pixels; it may give a promise. The examples still belong to
   * the data set: it may write only into what `collate` has made.
   */
  transform?: (batch: Awaited<Collated>, position: BatchPosition) => Transformed
}

/** The steps as they come: which types they go together with, the overloads of the loaders have checked. */
export type AnySteps = { readonly [Step in keyof BatchSteps<never, never, never>]?: unknown }

/** Puts the steps together; what they give is waited for only if it is a promise. */
export function inOrder({
  collate,
  transform,
}: AnySteps): (examples: Awaitable<unknown>, position: BatchPosition) => Awaitable<unknown> {
  optionalFunction('collate', collate)
  optionalFunction('transform', transform)
  const first = collate as ((examples: unknown) => unknown) | undefined
  const second = transform as ((batch: unknown, position: BatchPosition) => unknown) | undefined
  return (examples, position) => {
    const collated = first ? then(examples, first) : examples
    return second ? then(collated, (batch) => second(batch, position)) : collated
  }
}

function then(value: Awaitable<unknown>, step: (value: unknown) => unknown): Awaitable<unknown> {
  return isPromise(value) ? value.then(step) : step(value)
}
