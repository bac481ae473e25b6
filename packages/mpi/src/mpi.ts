import { hostname } from 'node:os'
import type { Strategy } from '@trainyard/core'
import { single } from '@trainyard/core'
import { Collectives } from './collectives.ts'
import { dataParallel } from './data-parallel.ts'
import { detectRanks, type Ranks } from './detect-ranks.ts'
import { fail } from './errors.ts'
import { end, startGroup } from './group.ts'
import { Guardian } from './guardian.ts'
import { candidates, type Library, loadLibrary } from './library.ts'
import { watchEnd } from './lifetime.ts'
import { areNeighbours, meetPeers } from './peers.ts'
import { PoliteWait } from './polite-wait.ts'
import { RollCall } from './roll-call.ts'
import { openSharedMemory } from './shared-memory.ts'
import { SharedSums, sharedLength, slotLength } from './shared-sums.ts'

export interface MpiOptions {
  /** The library of MPI: a path, or a name that the system finds. Default: the one that fits the launcher. */
  readonly library?: string | undefined
  /** For how long a rank waits for another, in seconds, before it ends the job. Longer than anything that one rank does alone. Default: 600. */
  readonly timeout?: number | undefined
  /** Whether ranks that are all on one host reduce in memory that they share, which is faster, or MPI does it. Default: true. */
  readonly sharedMemory?: boolean | undefined
}

/** The strategy of a job of several ranks. */
export interface MpiStrategy extends Strategy {
  readonly localRank: number
  readonly globalRank: number
  /** The library, its version, and who has started the job. */
  readonly details: {
    readonly library: Library
    readonly launcher: string | undefined
    readonly hosts: readonly string[]
    /** Whether all-reduce is done in shared memory. */
    readonly sharedMemory: boolean
  }
}

/** Where libraries find the number of this rank, to say only once what concerns the job. */
const rankKey = Symbol.for('trainyard.globalRank')

let started: Promise<Strategy> | undefined

/**
 * Gives the strategy of data-parallel training over MPI, for `new Trainer({ strategy: await mpi() })`. Each rank takes its share of every batch, gradients are
 * averaged over all examples, weights start and stay the same on all ranks. A process that no launcher has started with others gets `single()`, and needs no MPI.
 * MPI starts once a process; later calls give the same strategy.
 *
 * @throws if there is no MPI library, no `koffi`, or the library is not that of the launcher.
 */
export function mpi({ library, timeout = 600, sharedMemory = true }: MpiOptions = {}): Promise<Strategy> {
  if (!(timeout > 0)) fail(`\`timeout\` must be a number of seconds above 0, not ${String(timeout)}`)
  const ranks = detectRanks()
  if (library === undefined && (ranks === undefined || ranks.worldSize === 1))
    return Promise.resolve(single())
  started ??= connect(ranks, library, 1000 * timeout, sharedMemory)
  return started
}

async function connect(
  ranks: Ranks | undefined,
  library: string | undefined,
  timeout: number,
  wantsShared: boolean,
): Promise<MpiStrategy> {
  const files = library === undefined ? candidates(ranks?.launcher) : [library]
  const loaded = await loadLibrary(files)
  const guardian = new Guardian(
    timeout,
    `[rank ${ranks?.globalRank ?? '?'}, ${hostname()}, pid ${process.pid}]`,
  )
  const group = guardian.over(() => startGroup(loaded, ranks))
  Object.assign(globalThis, { [rankKey]: group.rank })
  const rollCall = new RollCall(group)
  const wait = new PoliteWait(group, rollCall, timeout)
  const collectives = new Collectives(group, wait, guardian)
  watchEnd(group, () => collectives.idle(), wait, rollCall, guardian)
  const peers = await meetPeers(collectives)
  wait.peers = peers
  if (wantsShared && peers.every((peer) => areNeighbours(peer, peers[0]!))) {
    const memory = await openSharedMemory(loaded, collectives, group.rank, sharedLength(group.size))
    if (memory) collectives.shared = new SharedSums(group, wait, memory)
  }
  const hosts = peers.map(({ host }) => host)
  const neighbours = [...peers.keys()].filter((rank) => hosts[rank] === hosts[group.rank])
  const strategy = {
    name: 'mpi',
    globalRank: group.rank,
    localRank: ranks?.localRank ?? neighbours.indexOf(group.rank),
    worldSize: group.size,
    details: {
      library: loaded,
      launcher: ranks?.launcher,
      hosts,
      sharedMemory: collectives.shared !== undefined,
    },
    // What is reduced in shared memory is then still in the processor's cache when it is used.
    bucketBytes: collectives.shared && slotLength,
    allReduce: (buffer, operation) => collectives.allReduce(buffer, operation),
    allGather: (bytes) => collectives.allGather(bytes),
    broadcast: (bytes, root) => collectives.broadcast(bytes, root),
    barrier: () => collectives.barrier(),
    abort: (exitCode, reason) => end(group, exitCode, reason),
  } satisfies MpiStrategy
  return { ...strategy, callbacks: [dataParallel(strategy)] }
}
