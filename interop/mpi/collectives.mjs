// Every collective many times, in all sizes, at once and one after the other, with garbage collections between; prints what is wrong. Arguments: how often, and
// `mpi` to have MPI reduce, and not this package in shared memory; `threads` to make every call that blocks in another thread, as is done with those that take long.
import { mpi } from '@trainyard/mpi'
import { Collectives } from '../../packages/mpi/src/collectives.ts'
import { detectRanks } from '../../packages/mpi/src/detect-ranks.ts'
import { startGroup } from '../../packages/mpi/src/group.ts'
import { Guardian } from '../../packages/mpi/src/guardian.ts'
import { candidates, loadLibrary } from '../../packages/mpi/src/library.ts'
import { watchEnd } from '../../packages/mpi/src/lifetime.ts'
import { PoliteWait } from '../../packages/mpi/src/polite-wait.ts'
import { RollCall } from '../../packages/mpi/src/roll-call.ts'

const rounds = Number(process.argv[2] ?? 20)
const way = process.argv[3]
const library = process.argv[4] || undefined
const strategy =
  way === 'threads' ? await inThreads() : await mpi({ library, timeout: 60, sharedMemory: way !== 'mpi' })
const { globalRank: rank, worldSize: size } = strategy
const problems = []
const check = (ok, what) => ok || problems.push(what)
const sumOfRanks = (size * (size - 1)) / 2

for (let round = 0; round < rounds; round++) {
  // Not waited for in between: they have to go one after the other all the same.
  const lengths = [1, 100, 20_000, 300_000, 2_000_000]
  const buffers = lengths.map((length) => new Float32Array(length).fill(rank + round))
  const doubles = Float64Array.of(rank / 3, -rank)
  const running = buffers.map((buffer) => strategy.allReduce(buffer))
  const most = doubles.slice()
  running.push(strategy.allReduce(doubles), strategy.allReduce(most, 'max'))
  const least = Float32Array.of(rank, 7)
  const told = strategy.broadcast(
    rank === size - 1 ? new Uint8Array(round * 9999).fill(round) : new Uint8Array(),
    size - 1,
  )
  running.push(strategy.allReduce(least, 'min'), strategy.barrier(), told)
  const gathered = strategy.allGather(new Uint8Array(rank * 1000 + round).fill(rank))
  globalThis.gc?.()
  await Promise.all(running)
  for (const buffer of buffers)
    check(
      buffer.every((value) => value === sumOfRanks + round * size),
      `sum of ${buffer.length} is ${buffer[0]}`,
    )
  check(Math.abs(doubles[0] - sumOfRanks / 3) < 1e-12 && doubles[1] === -sumOfRanks, `doubles ${doubles}`)
  check(most[0] === (size - 1) / 3 && most[1] === 0, `max ${most}`)
  check(least[0] === 0 && least[1] === 7, `min ${least}`)
  const bytes = await told
  check(
    bytes.length === round * 9999 && bytes.every((byte) => byte === round % 256),
    `broadcast of ${bytes.length}`,
  )
  const all = await gathered
  check(
    all.length === size &&
      all.every(
        (part, other) => part.length === other * 1000 + round && part.every((byte) => byte === other),
      ),
    `gathered ${all.map((part) => part.length)}`,
  )
  globalThis.gc?.()
}
if (rank === 0 || problems.length > 0)
  console.log(
    JSON.stringify({
      rank,
      size,
      rounds,
      abi: strategy.details.library.abi.name,
      sharedMemory: strategy.details.sharedMemory ?? false,
      problems: [...new Set(problems)],
    }),
  )

/** What `mpi()` puts together, but that no call is short enough to be made in the main thread. */
async function inThreads() {
  const launched = detectRanks()
  const loaded = await loadLibrary(library ? [library] : candidates(launched.launcher))
  const group = startGroup(loaded, launched)
  const guardian = new Guardian(60_000, '')
  const rollCall = new RollCall(group)
  const wait = new PoliteWait(group, rollCall, 60_000)
  const collectives = new Collectives(group, wait, guardian, 0)
  watchEnd(group, () => collectives.idle(), wait, rollCall, guardian)
  return {
    globalRank: group.rank,
    worldSize: group.size,
    details: { library: loaded },
    allReduce: (buffer, operation) => collectives.allReduce(buffer, operation),
    allGather: (bytes) => collectives.allGather(bytes),
    broadcast: (bytes, root) => collectives.broadcast(bytes, root),
    barrier: () => collectives.barrier(),
  }
}
