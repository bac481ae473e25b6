import { single, type Strategy } from '@trainyard/core'
import { dataParallel } from '../src/index.ts'

/** What a rank brings to a collective, and what it is told. */
interface Call {
  readonly rank: number
  readonly kind: string
  readonly input: unknown
  done(output: unknown): void
}

/**
 * Ranks in one process, each with `dataParallel`: a collective ends when all have come. Ranks that come to different ones would hang under MPI; here it is an error.
 */
export function ranksInProcess(size: number, onAbort: (reason: string) => void = () => {}): Strategy[] {
  let waiting: Call[] = []
  const meet = (
    rank: number,
    kind: string,
    input: unknown,
    combine: (inputs: unknown[]) => unknown[],
  ): Promise<never> =>
    new Promise((done, reject) => {
      const other = waiting.find((call) => call.kind !== kind)
      if (other) return reject(new Error(`rank ${rank} is at ${kind}, rank ${other.rank} at ${other.kind}`))
      waiting.push({ rank, kind, input, done: done as (output: unknown) => void })
      if (waiting.length < size) return
      const calls = waiting.toSorted((a, b) => a.rank - b.rank)
      waiting = []
      const outputs = combine(calls.map(({ input: own }) => own))
      for (const [i, call] of calls.entries()) call.done(outputs[i])
    })
  return Array.from({ length: size }, (_, rank) => {
    const strategy: Strategy = {
      ...single(),
      name: 'ranks in one process',
      globalRank: rank,
      localRank: rank,
      worldSize: size,
      async allReduce(buffer, operation = 'sum') {
        const combined: number[] = await meet(
          rank,
          `all-reduce of ${buffer.length}`,
          [...buffer],
          (inputs) => {
            const columns = inputs as number[][]
            const result = columns[0]!.map((_v, i) => {
              const values = columns.map((column) => column[i]!)
              if (operation === 'sum') return values.reduce((sum, value) => sum + value, 0)
              return operation === 'max' ? Math.max(...values) : Math.min(...values)
            })
            return columns.map(() => result)
          },
        )
        buffer.set(combined)
      },
      allGather: (bytes) => meet(rank, 'all-gather', bytes.slice(), (inputs) => inputs.map(() => inputs)),
      broadcast: (bytes, root = 0) =>
        meet(rank, `broadcast from ${root}`, bytes.slice(), (inputs) => inputs.map(() => inputs[root])),
      barrier: () => meet(rank, 'barrier', undefined, (inputs) => inputs),
      abort: (_exitCode, reason) => onAbort(reason),
    }
    return { ...strategy, callbacks: [dataParallel(strategy)] }
  })
}
