import { type Awaitable, isPromise } from '@trainyard/core'
import { fail } from './errors.ts'

/**
 * What is known about the functions that make batches: whether they have given a promise. Learnt from the
 * first batch they make.
 */
export interface Pace {
  known: 'sync' | 'async' | undefined
}

/**
 * Makes a batch of each step, in order: an iterable if the batches are there at once, else an async iterable.
 * Where it is not known which, the first batch is made right away to see.
 */
export function batches<S, B>(
  steps: Iterable<S> | AsyncIterable<S>,
  make: (step: S) => Awaitable<B>,
  pace: Pace,
): Iterable<B> | AsyncIterable<B> {
  if (Symbol.asyncIterator in steps) return new AsyncBatches(steps[Symbol.asyncIterator](), make)
  const iterator = steps[Symbol.iterator]()
  if (pace.known === 'async') return new AsyncBatches(iterator, make)
  if (pace.known === 'sync') return new SyncBatches(iterator, make as (step: S) => B)
  const step = iterator.next()
  if (step.done) return nothing
  let first: Awaitable<B>
  try {
    first = make(step.value)
  } catch (error) {
    iterator.return?.()
    throw error
  }
  if (!isPromise(first)) return new SyncBatches(iterator, make, { batch: first })
  pace.known = 'async'
  return new AsyncBatches(iterator, make, first)
}

/** The end of batches. */
export const over: IteratorResult<never, undefined> = { done: true, value: undefined }

/** No batches, whichever way one asks for them. */
export const nothing: Iterable<never> & AsyncIterable<never> = {
  [Symbol.iterator]: (): Iterator<never, undefined> => ({ next: () => over }),
  [Symbol.asyncIterator]: (): AsyncIterator<never, undefined> => ({ next: () => Promise.resolve(over) }),
}

/** Hands out batches that are there at once. */
class SyncBatches<S, B> implements IterableIterator<B> {
  readonly #steps: Iterator<S>
  readonly #make: (step: S) => Awaitable<B>
  #first: { batch: B } | undefined
  #over = false

  constructor(steps: Iterator<S>, make: (step: S) => Awaitable<B>, first?: { batch: B }) {
    this.#steps = steps
    this.#make = make
    this.#first = first
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<B, undefined> {
    if (this.#over) return over
    if (this.#first) {
      const { batch } = this.#first
      this.#first = undefined
      return { done: false, value: batch }
    }
    try {
      const step = this.#steps.next()
      if (step.done) {
        this.#over = true
        return over
      }
      const batch = this.#make(step.value)
      if (!isPromise(batch)) return { done: false, value: batch }
      batch.then(undefined, ignore)
      return fail(
        'a batch came as a promise although the first one of the epoch did not; ' +
          'make `get`, `collate` or `transform` async, so that all do',
      )
    } catch (error) {
      this.return()
      throw error
    }
  }

  return(): IteratorResult<B, undefined> {
    if (!this.#over) {
      this.#over = true
      this.#steps.return?.()
    }
    return over
  }
}

/**
 * Hands out promises of batches. Several may be asked for before the first is there: steps are then taken one
 * after the other, and the batches are made at the same time. This is what `prefetch` lives on.
 */
class AsyncBatches<S, B> implements AsyncIterableIterator<B> {
  readonly #steps: Iterator<S> | AsyncIterator<S>
  readonly #make: (step: S) => Awaitable<B>
  #first: PromiseLike<B> | undefined
  #pulled: Promise<unknown> = Promise.resolve()
  #over = false

  constructor(
    steps: Iterator<S> | AsyncIterator<S>,
    make: (step: S) => Awaitable<B>,
    first?: PromiseLike<B>,
  ) {
    this.#steps = steps
    this.#make = make
    this.#first = first
    // It may fail before anybody asks for it; who asks, gets the error.
    first?.then(undefined, ignore)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<B, undefined>> {
    try {
      const first = this.#first
      this.#first = undefined
      if (first && !this.#over) return { done: false, value: await first }
      const step = await this.#pull()
      if (this.#over) return over
      if (!step.done) return { done: false, value: await this.#make(step.value) }
      this.#over = true
      return over
    } catch (error) {
      // The source is told, but the error does not wait for it.
      this.return().catch(ignore)
      throw error
    }
  }

  async return(): Promise<IteratorResult<B, undefined>> {
    if (!this.#over) {
      this.#over = true
      await this.#steps.return?.()
    }
    return over
  }

  /**
   * Takes a step when the one before is there. So a stop has at most one to wait for, however many batches were
   * asked for.
   */
  #pull(): Promise<IteratorResult<S, unknown>> {
    const pull = (): Awaitable<IteratorResult<S, unknown>> => this.#steps.next()
    const step = this.#pulled.then(pull, pull)
    this.#pulled = step
    return step
  }
}

/** Leaves a failure to somebody else, who gets it, too. */
export function ignore(): void {}
