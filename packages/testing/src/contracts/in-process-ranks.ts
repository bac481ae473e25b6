import { type DataLoader, single, type Strategy } from '@trainyard/core'

const combine = {
  sum: (a: number, b: number): number => a + b,
  max: Math.max,
  min: Math.min,
}

/**
 * Makes the strategies of several ranks that run in one process, one for the trainer of each. A collective call ends when all ranks have made it; start all
 * trainers before you await one: `await Promise.all(trainers.map((trainer) => trainer.train()))`. An abort throws where it is called.
 */
export function inProcessRanks(size: number): Strategy[] {
  let calls: { readonly bytes: unknown; readonly done: (all: unknown[]) => void }[] = []
  /** Gives each rank what all have brought, in the order of ranks. */
  const exchange = <T>(rank: number, bytes: T): Promise<T[]> =>
    new Promise((done) => {
      calls[rank] = { bytes, done: done as (all: unknown[]) => void }
      if (calls.filter(Boolean).length < size) return
      const all = calls
      calls = []
      for (const call of all) call.done(all.map((each) => each.bytes))
    })
  return Array.from({ length: size }, (_, rank) => ({
    ...single(),
    name: 'in-process',
    localRank: rank,
    globalRank: rank,
    worldSize: size,
    async allReduce(buffer, operation = 'sum') {
      const [first, ...others] = await exchange(rank, buffer.slice())
      buffer.set(
        first!.map((value, i) => others.reduce((sum, other) => combine[operation](sum, other[i]!), value)),
      )
    },
    allGather: (bytes) => exchange(rank, bytes.slice()),
    broadcast: async (bytes, root = 0) => (await exchange(rank, bytes.slice()))[root]!,
    barrier: async () => void (await exchange(rank, new Uint8Array())),
  }))
}

/** Gives each rank every so manieth batch. */
export function shardsOf<Batch>(batches: readonly Batch[]): DataLoader<Batch> {
  return { epoch: (_, from, { rank, size }) => batches.filter((_batch, i) => i % size === rank).slice(from) }
}
