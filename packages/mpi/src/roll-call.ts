import { box, type Group } from './group.ts'

/** What a rank that has ended says instead of a number. */
const over = Infinity
const tag = 7

/**
 * How ranks find out who is missing. Nothing is sent while all goes well. A rank that has waited for too long tells all others the number of the collective
 * that it waits at, those who wait, too, answer with theirs, and who says nothing is the one. A rank that is about to end says so.
 */
export class RollCall {
  readonly #group: Group
  /** By rank: the collective that it waits at, or has ended at; -1 for a rank that has said nothing. */
  readonly #heard: Float64Array
  /** What is sent must stay where it is, for nobody waits until it is. */
  readonly #sent: unknown[] = []
  #announced = -1

  constructor(group: Group) {
    this.#group = group
    this.#heard = new Float64Array(group.size).fill(-1)
  }

  /** Tells everybody that this rank waits at a collective. */
  announce(at: number): void {
    if (this.#announced >= at) return
    this.#announced = at
    const { calls, library, rank, size, control } = this.#group
    const message = Float64Array.of(at)
    for (let other = 0; other < size; other++) {
      if (other === rank) continue
      const request = box(library)
      this.#sent.push([message, request])
      calls.startSend(message, 1, library.abi.double, other, tag, control, request)
    }
  }

  /** Tells everybody that this rank ends. */
  announceEnd(): void {
    this.announce(over)
  }

  /** Takes what others have told, and gives an answer if they ask. */
  collect(at: number): void {
    const { calls, library, rank, size, control } = this.#group
    const { double, ignoreStatus } = library.abi
    const flag = new Int32Array(1)
    const message = new Float64Array(1)
    for (let other = 0; other < size; other++) {
      if (other === rank) continue
      while (calls.probe(other, tag, control, flag, ignoreStatus) === 0 && flag[0]) {
        calls.receive(message, 1, double, other, tag, control, ignoreStatus)
        this.#heard[other] = message[0]!
        if (message[0] !== over) this.announce(at)
      }
    }
  }

  /** The first rank that has said it ends, if any. */
  get ended(): number | undefined {
    const rank = this.#heard.indexOf(over)
    return rank < 0 ? undefined : rank
  }

  /** The ranks that have not come to a collective. */
  missing(at: number): number[] {
    return [...this.#heard.keys()].filter((rank) => rank !== this.#group.rank && this.#heard[rank]! < at)
  }
}
