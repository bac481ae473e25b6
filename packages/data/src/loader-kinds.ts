import type { DataLoader, Shard } from '@trainyard/core'

/** A loader that has each batch at once, so that the loop waits for nothing. */
export interface SyncLoader<B> extends DataLoader<B> {
  epoch(n: number, from?: number, shard?: Shard): Iterable<B>
}

/** A loader that gives promises of batches. */
export interface AsyncLoader<B> extends DataLoader<B> {
  epoch(n: number, from?: number, shard?: Shard): AsyncIterable<B>
}

/** A loader of which only the run shows whether its batches have to be waited for. */
export interface EitherLoader<B> extends DataLoader<B> {
  epoch(n: number, from?: number, shard?: Shard): Iterable<B> | AsyncIterable<B>
}

/** A loader that knows how many batches an epoch has. */
export interface Counted {
  readonly batches: number
}

/** Whether a function that returns `R` returns promises: always, never, or one cannot tell. */
type Timing<R> = 0 extends 1 & R
  ? 'either'
  : [R] extends [PromiseLike<unknown>]
    ? 'async'
    : [Extract<R, PromiseLike<unknown>>] extends [never]
      ? 'sync'
      : 'either'

/**
 * The loader of batches of type `B` that come out of steps returning `Example`, `Collated` and `Transformed`.
 */
export type LoaderOf<B, Example, Collated, Transformed> = LoaderFor<
  B,
  Timing<Example> | Timing<Collated> | Timing<Transformed>
>

type LoaderFor<B, T> = 'async' extends T
  ? AsyncLoader<B>
  : 'either' extends T
    ? EitherLoader<B>
    : SyncLoader<B>

/** What a loader that is made from another one looks like: as quick to answer as that one. */
export interface LoaderLike<L extends DataLoader<unknown>> {
  readonly batches: L extends Counted ? number : number | undefined
  readonly epoch: L['epoch']
}
