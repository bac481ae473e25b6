import { type DataLoader, single, type Strategy } from '@trainyard/core'

const combine = {
  sum: (a: number, b: number): number => a + b,
  max: Math.max,
  min: Math.min,
}

/** A collective that a rank has come to. */
interface Call {
  readonly kind: string
  readonly brought: unknown
  done(all: unknown[]): void
  fail(error: Error): void
}

/**
 * Makes the strategies of several ranks that run in one process, one for the trainer of each. A collective call ends when all ranks have made it; start all
 * trainers before you await one: `await Promise.all(trainers.map((trainer) => trainer.train()))`. Ranks that come to different collectives, which would hang
 * or crash elsewhere, get an error.
 * @param onAbort Called when a rank ends the run for all. Default: throws.
 */
export function inProcessRanks(
  size: number,
  onAbort: (reason: string) => void = (reason) => {
    throw new Error(reason)
  },
): Strategy[] {
  let calls = new Map<number, Call>()
  /** Gives each rank what all have brought, in the order of ranks. */
  const exchange = <T>(rank: number, kind: string, brought: T): Promise<T[]> =>
    new Promise((done, fail) => {
      calls.set(rank, { kind, brought, done: done as Call['done'], fail })
      const [other] = [...calls].find(([, call]) => call.kind !== kind) ?? []
      if (other === undefined && calls.size < size) return
      const all = Array.from({ length: size }, (_, i) => calls.get(i))
      calls = new Map()
      const error =
        other !== undefined && new Error(`rank ${rank} is at ${kind}, rank ${other} at ${all[other]!.kind}`)
      for (const call of all)
        if (error) call?.fail(error)
        else call!.done(all.map((each) => each!.brought))
    })
  return Array.from({ length: size }, (_, rank) => ({
    ...single(),
    name: 'in-process',
    localRank: rank,
    globalRank: rank,
    worldSize: size,
    async allReduce(buffer, operation = 'sum') {
      const kind = `the ${operation} of ${buffer.length} numbers`
      const [first, ...others] = await exchange(rank, kind, buffer.slice())
      buffer.set(
        first!.map((value, i) => others.reduce((sum, other) => combine[operation](sum, other[i]!), value)),
      )
    },
    allGather: (bytes) => exchange(rank, 'an all-gather', bytes.slice()),
    broadcast: async (bytes, root = 0) =>
      (await exchange(rank, `a broadcast of rank ${root}`, bytes.slice()))[root]!,
    barrier: async () => void (await exchange(rank, 'a barrier', undefined)),
    abort: (_exitCode, reason) => onAbort(reason),
  }))
}

/** Gives each rank every so manieth batch. */
export function shardsOf<Batch>(batches: readonly Batch[]): DataLoader<Batch> {
  return { epoch: (_, from, { rank, size }) => batches.filter((_batch, i) => i % size === rank).slice(from) }
}
