import { expect, test } from 'vitest'
import type { Group } from '../src/group.ts'
import { PoliteWait } from '../src/polite-wait.ts'
import { RollCall } from '../src/roll-call.ts'
import { type Operation, sharedLength, SharedSums, type Values } from '../src/shared-sums.ts'

type Reduce = (buffer: Values, operation?: Operation) => Promise<void> | undefined

/** Ranks in one thread, which share memory; `MPI_Reduce_local` is written in JavaScript here, all else is as it runs. */
function ranksWithMemory(size: number): Reduce[] {
  const bytes = new ArrayBuffer(sharedLength(size))
  const reduceLocal = (
    address: number,
    into: Values,
    count: number,
    _: unknown,
    operation: string,
  ): number => {
    const from =
      into instanceof Float64Array
        ? new Float64Array(bytes, address, count)
        : new Float32Array(bytes, address, count)
    for (let i = 0; i < count; i++) {
      const [a, b] = [from[i]!, into[i]!]
      into[i] = operation === 'sum' ? a + b : operation === 'max' ? Math.max(a, b) : Math.min(a, b)
    }
    return 0
  }
  const library = {
    abi: { float: 'float', double: 'double', sum: 'sum', max: 'max', min: 'min' },
    memory: { yield: () => 0 },
  }
  return Array.from({ length: size }, (_one, rank) => {
    const group = { library, calls: { reduceLocal }, rank, size } as unknown as Group
    const wait = new PoliteWait(group, new RollCall(group), 10_000)
    const sums = new SharedSums(group, wait, { bytes, address: 0 })
    let number = 0
    return (buffer, operation = 'sum') =>
      sums.reduce(buffer, operation, { kind: 'all-reduce', number: ++number })
  })
}

test.each([1, 2, 3, 4])('%i ranks get the same sums, of little and of much', async (size) => {
  const ranks = ranksWithMemory(size)
  // Below and above what each rank adds up alone, what fits into a slot, and a few slots.
  for (const length of [0, 1, 5, 1000, 1025, 65_536, 65_537, 200_003])
    for (const isDouble of [false, true]) {
      const values = (rank: number): Float64Array =>
        Float64Array.from({ length }, (_one, i) => Math.sin(i + length * rank) * 10 ** rank)
      const buffers = ranks.map((_reduce, rank) =>
        isDouble ? values(rank) : Float32Array.from(values(rank)),
      )
      const expected = values(0)
      for (let rank = 1; rank < size; rank++)
        for (const [i, value] of values(rank).entries()) expected[i]! += value
      await Promise.all(ranks.map((reduce, rank) => reduce(buffers[rank]!)))
      const [first] = buffers
      for (const buffer of buffers) expect(Buffer.compare(bytesOf(buffer), bytesOf(first!))).toBe(0)
      let error = 0
      for (const [i, value] of expected.entries()) error = Math.max(error, Math.abs(value - first![i]!))
      expect(error).toBeLessThan((isDouble ? 1e-15 : 1e-6) * 10 ** size)
    }
})

test('the greatest and the least are found, too', async () => {
  const ranks = ranksWithMemory(3)
  for (const [operation, expected] of [
    ['max', [2, 5]],
    ['min', [0, -5]],
  ] as const) {
    const buffers = [0, 1, 2].map((rank) => Float32Array.of(rank, rank === 1 ? 5 : -5))
    await Promise.all(ranks.map((reduce, rank) => reduce(buffers[rank]!, operation)))
    expect(buffers.map((buffer) => [...buffer])).toEqual([expected, expected, expected])
  }
})

test('a rank that comes late is waited for, however often', async () => {
  const ranks = ranksWithMemory(2)
  const totals: number[] = []
  const run = async (rank: number): Promise<void> => {
    for (let step = 0; step < 40; step++) {
      // By turns one is late by a few turns of the event loop.
      for (let i = 0; i < (step + rank) % 2; i++) await new Promise(setImmediate)
      const buffer = Float32Array.of(step + rank)
      await ranks[rank]!(buffer)
      totals.push(buffer[0]! - 2 * step)
    }
  }
  await Promise.all([run(0), run(1)])
  expect(totals).toEqual(Array(80).fill(1))
})

test('the last one to come has nothing to wait for', async () => {
  const [first, last] = ranksWithMemory(2)
  const buffers = [Float32Array.of(1), Float32Array.of(2)]
  const waited = first!(buffers[0]!)
  expect(waited).toBeInstanceOf(Promise)
  expect(last!(buffers[1]!)).toBeUndefined()
  await waited
  expect(buffers).toEqual([Float32Array.of(3), Float32Array.of(3)])
})

test('ranks that do not reduce the same are told so', async () => {
  const ranks = ranksWithMemory(2)
  const results = await Promise.allSettled([
    ranks[0]!(new Float32Array(7)),
    tryNow(() => ranks[1]!(new Float64Array(7), 'max')),
  ])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(String((results[0] as PromiseRejectedResult).reason)).toContain(
    '[mpi] at all-reduce 1 rank 1 reduces 56 bytes (max of doubles), this rank 28 bytes (sum of floats); all ranks have to reduce the same',
  )
})

function bytesOf({ buffer, byteOffset, byteLength }: Values): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

async function tryNow(work: () => Promise<void> | undefined): Promise<void> {
  await work()
}
