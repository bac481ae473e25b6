import type { Awaitable } from '@trainyard/core'
import type { Handle } from './abi.ts'
import type { HandleBox, Threaded } from './calls.ts'
import { box, checkCode, type Group } from './group.ts'
import type { Guardian } from './guardian.ts'
import { type Meeting, nameOf, type PoliteWait } from './polite-wait.ts'
import type { Operation, SharedSums, Values } from './shared-sums.ts'

/** Up to this many bytes a reduction starts at once and is waited for; a larger one is quicker as a call that blocks, once all ranks are there. */
const small = 1 << 16
/** Elements a call, which counts them in 32 bits. */
const most = 2 ** 28

/** The collectives of a group. One at a time: MPI tells those of a communicator apart by their order alone. */
export class Collectives {
  readonly #group: Group
  readonly #wait: PoliteWait
  readonly #guardian: Guardian
  readonly #longest: number
  readonly #request: HandleBox
  readonly #isDone = (): boolean => this.#wait.test(this.#request)
  /** Reduces in place of MPI, where ranks share memory. */
  shared: SharedSums | undefined
  /** What is under way, and what waits for it. */
  #tail: Promise<unknown> | undefined
  #count = 0
  #msPerByte = 1e-6

  /**
   * @param longest A call that is expected to take longer, in milliseconds, is made in another thread, for the event loop's sake; that costs some of its speed. A step
   * blocks it as long.
   */
  constructor(group: Group, wait: PoliteWait, guardian: Guardian, longest = 100) {
    this.#group = group
    this.#wait = wait
    this.#guardian = guardian
    this.#longest = longest
    this.#request = box(group.library)
  }

  /** Reduces in place, and gives nothing to wait for if that is done already: of little, among ranks that have all come. */
  allReduce(buffer: Values, operation: Operation = 'sum'): Awaitable<void> {
    if (this.#tail)
      return this.#inTurn('all-reduce', async (meeting) => this.#reduce(buffer, operation, meeting))
    const waited = this.#reduce(buffer, operation, this.#next('all-reduce'))
    return waited && this.#last(waited)
  }

  /** Gives the bytes of `root`, which are those that it passes; what others pass does not matter. */
  broadcast(bytes: Uint8Array, root = 0): Promise<Uint8Array> {
    const { calls, library, world, rank } = this.#group
    const { byte, double } = library.abi
    return this.#inTurn('broadcast', async (meeting) => {
      const length = Float64Array.of(bytes.byteLength)
      await this.#blocking(meeting, length, calls.broadcast, [length, 1, double, root, world])
      const told = rank === root ? bytes : new Uint8Array(length[0]!)
      for (let from = 0; from < told.byteLength; from += most) {
        const part = told.subarray(from, from + most)
        await this.#blocking(meeting, part, calls.broadcast, [part, part.length, byte, root, world])
      }
      return told
    })
  }

  allGather(bytes: Uint8Array): Promise<Uint8Array[]> {
    const { calls, library, world, size } = this.#group
    const { byte, double } = library.abi
    return this.#inTurn('all-gather', async (meeting) => {
      const own = Float64Array.of(bytes.byteLength)
      const lengths = new Float64Array(size)
      await this.#blocking(
        meeting,
        lengths,
        calls.allGather,
        [own, 1, double, lengths, 1, double, world],
        own,
      )
      const longestPart = Math.max(...lengths)
      const sent = new Uint8Array(longestPart)
      sent.set(bytes)
      const all = new Uint8Array(size * longestPart)
      const count = longestPart
      if (count > 0)
        await this.#blocking(
          meeting,
          all,
          calls.allGather,
          [sent, count, byte, all, count, byte, world],
          sent,
        )
      return Array.from(lengths, (length, rank) => all.slice(rank * count, rank * count + length))
    })
  }

  barrier(): Promise<void> {
    return this.#inTurn('barrier', (meeting) => this.#arrive(meeting))
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    while (this.#tail) await this.#tail
  }

  #reduce(buffer: Values, operation: Operation, meeting: Meeting): Promise<void> | undefined {
    if (this.shared) return this.shared.reduce(buffer, operation, meeting)
    const { abi } = this.#group.library
    const type = buffer instanceof Float64Array ? abi.double : abi.float
    if (buffer.byteLength <= small) return this.#reduceSmall(meeting, buffer, type, abi[operation])
    return this.#reduceLarge(meeting, buffer, type, abi[operation])
  }

  #reduceSmall(meeting: Meeting, buffer: Values, type: Handle, operation: Handle): Promise<void> | undefined {
    const { calls, library, world } = this.#group
    const { inPlace } = library.abi
    const code = calls.startAllReduce(inPlace, buffer, buffer.length, type, operation, world, this.#request)
    this.#check(code, meeting)
    const waited = this.#wait.until(this.#isDone, meeting)
    // MPI writes into the buffer meanwhile.
    return waited && rooted(waited, buffer)
  }

  async #reduceLarge(meeting: Meeting, buffer: Values, type: Handle, operation: Handle): Promise<void> {
    const { calls, library, world } = this.#group
    const { inPlace } = library.abi
    for (let from = 0; from < buffer.length; from += most) {
      const part = buffer.subarray(from, from + most)
      await this.#blocking(meeting, part, calls.allReduce, [
        inPlace,
        part,
        part.length,
        type,
        operation,
        world,
      ])
    }
  }

  /** Waits until all ranks are at this call. */
  async #arrive(meeting: Meeting): Promise<void> {
    this.#check(this.#group.calls.startBarrier(this.#group.world, this.#request), meeting)
    const waited = this.#wait.until(this.#isDone, meeting)
    if (waited) await waited
  }

  /** Makes a call that blocks, when all ranks are there and it is quick: here, or in another thread. */
  async #blocking<A extends unknown[]>(
    meeting: Meeting,
    buffer: ArrayBufferView,
    call: Threaded<A>,
    args: A,
    ...alsoUsed: unknown[]
  ): Promise<void> {
    await this.#arrive(meeting)
    const began = performance.now()
    const isQuick = !this.#group.threads || buffer.byteLength * this.#msPerByte < this.#longest
    const code = isQuick
      ? this.#guardian.over(() => call(...args))
      : await inThread(call, args, [buffer, alsoUsed])
    this.#check(code, meeting)
    if (buffer.byteLength > small) this.#msPerByte = (performance.now() - began) / buffer.byteLength
  }

  #check(code: number, meeting: Meeting): void {
    if (code !== 0) checkCode(this.#group.calls, code, nameOf(meeting))
  }

  #next(kind: string): Meeting {
    return { kind, number: ++this.#count }
  }

  /** Runs a collective after those before it; at once if there are none. */
  #inTurn<T>(kind: string, work: (meeting: Meeting) => Promise<T>): Promise<T> {
    const start = (): Promise<T> => work(this.#next(kind))
    const running = this.#tail ? this.#tail.then(start) : start()
    return this.#last(running)
  }

  /** Makes something that is under way the last: what comes before it is done waits for it. */
  async #last<T>(running: Promise<T>): Promise<T> {
    const tail = settled(running)
    this.#tail = tail
    try {
      return await running
    } finally {
      if (this.#tail === tail) this.#tail = undefined
    }
  }
}

/** Waits for the end of something, good or bad. */
async function settled(work: Promise<unknown>): Promise<void> {
  await Promise.allSettled([work])
}

/** Memory that another thread uses: koffi does not keep it from being collected. */
const inUse = new Set<unknown>()

async function rooted<T>(work: Promise<T>, ...memory: unknown[]): Promise<T> {
  inUse.add(memory)
  try {
    return await work
  } finally {
    inUse.delete(memory)
  }
}

function inThread<A extends unknown[]>(call: Threaded<A>, args: A, memory: unknown[]): Promise<number> {
  const running = new Promise<number>((resolve, reject) => {
    call.async(...args, (error, code) => (error ? reject(error as Error) : resolve(code)))
  })
  return rooted(running, memory)
}
