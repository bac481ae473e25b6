import type { DataLoader, Shard } from '@trainyard/core'

/** Goes through an epoch as the trainer does and gives all its batches. */
export async function gather<B>(
  loader: DataLoader<B>,
  n = 0,
  from = 0,
  shard: Shard = { rank: 0, size: 1 },
): Promise<B[]> {
  const batches: B[] = []
  for await (const batch of loader.epoch(n, from, shard)) batches.push(batch)
  return batches
}

/** Gives what each rank sees: a list of batches for each. */
export function gatherRanks<B>(loader: DataLoader<B>, size: number, n = 0, from = 0): Promise<B[][]> {
  return Promise.all(Array.from({ length: size }, (_, rank) => gather(loader, n, from, { rank, size })))
}

/** The numbers 0 … n - 1. */
export function numbers(n: number): number[] {
  return [...Array(n).keys()]
}

/** A promise that is settled by hand. */
export function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: Error): void } {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((done, fail) => {
    resolve = done
    reject = fail
  })
  return { promise, resolve, reject }
}

/** Lets everything that waits only for promises go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve)
  })
}
