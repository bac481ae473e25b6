import type { Awaitable } from './awaitable.ts'
import type { Callback } from './callback.ts'
import type { StateRecord } from './module.ts'

/** How the processes of a run work together. `single()` is the one without others; `@trainyard/mpi` brings another. */
export interface Strategy {
  readonly name: string
  /** Null in a single-process run. */
  readonly localRank: number | null
  readonly globalRank: number | null
  readonly worldSize: number
  /** What it does at events of a run, before the trainer's own callbacks: for example to compare the ranks' weights after each epoch. */
  readonly callbacks?: readonly Callback[]
  /** How many bytes are best reduced at a time. Default: 25 MB, as PyTorch has it: large enough for a network, small beside a model. */
  readonly bucketBytes?: number | undefined
  /** Combines the buffers of all ranks, in place. */
  allReduce(buffer: Float32Array | Float64Array, operation?: 'sum' | 'max' | 'min'): Awaitable<void>
  /** Gives every rank the bytes of each, in the order of ranks. */
  allGather(bytes: Uint8Array): Awaitable<Uint8Array[]>
  /** Gives every rank the bytes of one. */
  broadcast(bytes: Uint8Array, root?: number): Awaitable<Uint8Array>
  barrier(): Awaitable<void>
  /** Ends the run on all ranks. */
  abort(exitCode: number, reason: string): void
  getState?(): Awaitable<StateRecord>
  updateState?(state: StateRecord): Awaitable<void>
}

/** One process, alone: every reduction gives back what it got. */
export function single(): Strategy {
  return {
    name: 'single',
    localRank: null,
    globalRank: null,
    worldSize: 1,
    allReduce() {},
    allGather: (bytes) => [bytes],
    broadcast: (bytes) => bytes,
    barrier() {},
    abort(_exitCode, reason) {
      throw new Error(reason)
    },
  }
}
