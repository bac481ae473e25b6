import { setImmediate } from 'node:timers/promises'
import type { Handle } from './abi.ts'
import { fail } from './errors.ts'
import { checkCode, type Group } from './group.ts'
import { type Meeting, nameOf, type PoliteWait } from './polite-wait.ts'
import { peerName } from './peers.ts'
import type { SharedMemory } from './shared-memory.ts'

/** What can be reduced, and how. */
export type Values = Float32Array | Float64Array
export type Operation = 'sum' | 'max' | 'min'

/** So many bytes are summed at once: two slots of each of a few ranks fit into the processor's cache. */
export const slotLength: number = 1 << 18

/** What each rank says of itself, in words of four bytes; what it changes at different times is in different lines of the cache. */
const head = { length: 64, arrived: 0, bytes: [1, 3], kind: [2, 4], done: 32 } as const

/** Up to so many bytes each rank adds up everything: to divide the work takes another meeting. */
const alone = 1 << 12

/** So often a word of another rank is looked at before the processor is offered to somebody else: it may be that rank. */
const looks = 100

/** The event loop waits no longer at a time, in milliseconds. */
const longest = 50

/** How much memory the ranks of a job share, in bytes. */
export function sharedLength(size: number): number {
  return size * (4 * head.length + 2 * slotLength)
}

/**
 * All-reduce among the ranks of one host, in memory that they share: each puts its values into a slot and says so, and `MPI_Reduce_local` adds them up where they
 * are. No message is sent, and no call waits, so it is faster than MPI's own. All ranks get the same bits.
 *
 * A rank has two slots and takes them by turns: whoever is a step behind still reads the other, and nobody gets two ahead. The scheme is that of MPI libraries
 * themselves (Graham and Shipman, "MPI Support for Multi-core Architectures: Optimized Shared Memory Collectives", EuroPVM/MPI 2008).
 */
export class SharedSums {
  readonly #group: Group
  readonly #wait: PoliteWait
  readonly #memory: SharedMemory
  readonly #heads: Int32Array
  readonly #floats: readonly Float32Array[]
  readonly #doubles: readonly Float64Array[]
  /** Counts what was summed, in 32 bits. */
  #count = 0
  /** The word in which the others say what is waited for. */
  #word: number = head.arrived
  readonly #haveAllSaid = (): boolean => this.#look()

  /** @param memory So much as `sharedLength` says, all zeros. */
  constructor(group: Group, wait: PoliteWait, memory: SharedMemory) {
    this.#group = group
    this.#wait = wait
    this.#memory = memory
    const slots = Array.from({ length: 2 * group.size }, (_, i) => this.#place(i >> 1, i & 1))
    this.#heads = new Int32Array(memory.bytes, 0, group.size * head.length)
    this.#floats = slots.map((place) => new Float32Array(memory.bytes, place, slotLength / 4))
    this.#doubles = slots.map((place) => new Float64Array(memory.bytes, place, slotLength / 8))
  }

  /** Reduces in place; gives nothing to wait for if all ranks are there, and it is not much. */
  reduce(buffer: Values, operation: Operation, meeting: Meeting): Promise<void> | undefined {
    if (buffer.byteLength <= slotLength)
      return this.#reducePart(buffer, operation, meeting, buffer.byteLength)
    return this.#reduceParts(buffer, operation, meeting)
  }

  async #reduceParts(buffer: Values, operation: Operation, meeting: Meeting): Promise<void> {
    const length = slotLength / buffer.BYTES_PER_ELEMENT
    let turn = performance.now()
    for (let from = 0; from < buffer.length; from += length) {
      const part = buffer.subarray(from, from + length)
      const waited = this.#reducePart(part, operation, meeting, buffer.byteLength)
      if (waited) await waited
      if (performance.now() - turn < longest) continue
      await setImmediate()
      turn = performance.now()
    }
  }

  /** @param whole Bytes of the buffer that this is a part of. */
  #reducePart(
    part: Values,
    operation: Operation,
    meeting: Meeting,
    whole: number,
  ): Promise<void> | undefined {
    const { rank, size } = this.#group
    this.#count = (this.#count + 1) | 0
    const turn = this.#count & 1
    const own = rank * head.length
    this.#heads[own + head.bytes[turn as 0 | 1]] = whole
    this.#heads[own + head.kind[turn as 0 | 1]] = kindOf(part, operation)
    this.#slots(part)[2 * rank + turn]!.set(part)
    const waited = this.#meet(head.arrived, meeting)
    const isDivided = size > 2 && part.byteLength > alone
    if (waited || isDivided) return this.#finish(part, operation, meeting, waited, isDivided)
    this.#checkHeads(meeting, turn)
    this.#reduceAlone(part, operation)
    return undefined
  }

  async #finish(
    part: Values,
    operation: Operation,
    meeting: Meeting,
    waited: Promise<void> | undefined,
    isDivided: boolean,
  ): Promise<void> {
    if (waited) await waited
    this.#checkHeads(meeting, this.#count & 1)
    if (!isDivided) return this.#reduceAlone(part, operation)
    const { size } = this.#group
    const share = Math.ceil(part.length / size)
    this.#reduceShare(part, operation, share)
    const shared = this.#meet(head.done, meeting)
    if (shared) await shared
    const slots = this.#slots(part)
    for (let rank = 0; rank < size; rank++) {
      const [from, to] = [rank * share, Math.min(part.length, (rank + 1) * share)]
      if (from < to) part.set(slots[2 * rank + (this.#count & 1)]!.subarray(from, to), from)
    }
  }

  /** Reduces the values of all ranks, in their order, so that all get the same. */
  #reduceAlone(part: Values, operation: Operation): void {
    const { rank, size } = this.#group
    const turn = this.#count & 1
    // Nobody waits for it, but it must not be left behind by so much that the difference is no number of 32 bits.
    this.#heads[rank * head.length + head.done] = this.#count
    if (rank > 0) part.set(this.#slots(part)[turn]!.subarray(0, part.length))
    for (let other = 1; other < size; other++) this.#reduceLocal(this.#place(other, turn), part, operation)
  }

  /** Reduces a share of the values, in the slot of this rank. */
  #reduceShare(part: Values, operation: Operation, share: number): void {
    const { rank, size } = this.#group
    const turn = this.#count & 1
    const [from, to] = [rank * share, Math.min(part.length, (rank + 1) * share)]
    if (from >= to) return
    const own = this.#slots(part)[2 * rank + turn]!.subarray(from, to)
    for (let other = 0; other < size; other++)
      if (other !== rank)
        this.#reduceLocal(this.#place(other, turn) + from * part.BYTES_PER_ELEMENT, own, operation)
  }

  #reduceLocal(place: number, into: Values, operation: Operation): void {
    const { calls, library } = this.#group
    const { abi } = library
    const type: Handle = into instanceof Float64Array ? abi.double : abi.float
    const code = calls.reduceLocal(this.#memory.address + place, into, into.length, type, abi[operation])
    checkCode(calls, code, 'MPI_Reduce_local')
  }

  /** Says in a word that this rank is so far, and waits until all have. */
  #meet(word: number, meeting: Meeting): Promise<void> | undefined {
    Atomics.store(this.#heads, this.#group.rank * head.length + word, this.#count)
    this.#word = word
    return this.#wait.until(this.#haveAllSaid, meeting)
  }

  #look(): boolean {
    const { library, size } = this.#group
    for (let rank = 0; rank < size; rank++) {
      const word = rank * head.length + this.#word
      let left = looks
      // Another rank may be a step ahead; the count begins anew after 2^32 steps.
      while (((Atomics.load(this.#heads, word) - this.#count) | 0) < 0)
        if (left-- === 0) {
          library.memory.yield()
          return false
        }
    }
    return true
  }

  /** @throws if the ranks do not reduce the same: with MPI, it would be one of its errors. */
  #checkHeads(meeting: Meeting, turn: number): void {
    const { rank, size } = this.#group
    const [bytes, kind] = [head.bytes[turn as 0 | 1], head.kind[turn as 0 | 1]]
    const own = rank * head.length
    for (let other = 0; other < size; other++) {
      const place = other * head.length
      const isSame =
        this.#heads[place + bytes] === this.#heads[own + bytes] &&
        this.#heads[place + kind] === this.#heads[own + kind]
      if (isSame) continue
      const what = (at: number): string =>
        `${this.#heads[at + bytes]!} bytes (${kindText(this.#heads[at + kind]!)})`
      fail(
        `at ${nameOf(meeting)} ${peerName(this.#wait.peers, other)} reduces ${what(place)}, this rank ${what(own)}; all ranks have to reduce the same`,
      )
    }
  }

  #slots(part: Values): readonly Values[] {
    return part instanceof Float64Array ? this.#doubles : this.#floats
  }

  /** Gives where a slot begins. */
  #place(rank: number, turn: number): number {
    return 4 * head.length * this.#group.size + (2 * rank + turn) * slotLength
  }
}

const operations: readonly Operation[] = ['sum', 'max', 'min']

function kindOf(values: Values, operation: Operation): number {
  return 2 * operations.indexOf(operation) + (values instanceof Float64Array ? 1 : 0)
}

function kindText(kind: number): string {
  return `${operations[kind >> 1]} of ${kind & 1 ? 'doubles' : 'floats'}`
}
