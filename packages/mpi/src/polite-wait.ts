import type { HandleBox } from './calls.ts'
import { checkCode, end, type Group } from './group.ts'
import { deadPeer, type Peer, peerName } from './peers.ts'
import type { RollCall } from './roll-call.ts'

/** A place where ranks meet. */
export interface Meeting {
  /** What it is: `all-reduce`. */
  readonly kind: string
  /** How many there were before it; infinite for the end of the program. */
  readonly number: number
}

/** Names a meeting in a message: `all-reduce 17`. */
export function nameOf({ kind, number }: Meeting): string {
  return number === Infinity ? kind : `${kind} ${number}`
}

/** How long a rank waits without going to sleep, since it may sleep for a millisecond too long, and how often it looks after the others, in milliseconds. */
const spinFor = 20
const lookEvery = 1000
/** How long others have to answer a roll call. */
const grace = 3000

/** Exit codes of sysexits.h: something went wrong inside, and a failure that may pass. */
const exitCodes = { early: 70, late: 75 } as const

/**
 * Waits until a request of MPI is done, or until others have said something in shared memory, and lets the event loop run meanwhile: MPI's own waiting
 * would block it, and keep a core busy. After `timeout` it ends the job, and names who has not come.
 */
export class PoliteWait {
  readonly #group: Group
  readonly #rollCall: RollCall
  readonly #timeout: number
  /** Who the ranks are; known once all have met. */
  peers: readonly Peer[] = []
  readonly #flag = new Int32Array(1)

  constructor(group: Group, rollCall: RollCall, timeout: number) {
    this.#group = group
    this.#rollCall = rollCall
    this.#timeout = timeout
  }

  /** Whether a request is done. */
  test(request: HandleBox): boolean {
    const { calls, library } = this.#group
    checkCode(calls, calls.test(request, this.#flag, library.abi.ignoreStatus), 'MPI_Test')
    return this.#flag[0] !== 0
  }

  /** Waits; gives nothing to wait for if all the others are there. */
  until(isDone: () => boolean, meeting: Meeting): Promise<void> | undefined {
    for (let i = 0; i < 50; i++) if (isDone()) return undefined
    return this.#longer(isDone, meeting)
  }

  async #longer(isDone: () => boolean, meeting: Meeting): Promise<void> {
    const began = performance.now()
    let looked = began
    for (;;) {
      const now = performance.now()
      await new Promise<void>(
        (done) => void (now - began < spinFor ? setImmediate(done) : setTimeout(done, 1)),
      )
      if (isDone()) return
      if (now - looked < lookEvery) continue
      looked = now
      this.#look(meeting, now - began)
    }
  }

  #look(meeting: Meeting, waited: number): void {
    const { rank } = this.#group
    const { number } = meeting
    const name = nameOf(meeting)
    const calls = this.#rollCall
    const isEnd = number === Infinity
    if (isEnd) calls.announceEnd()
    calls.collect(number)
    if (!isEnd) this.#endIfAlone(name)
    if (waited < this.#timeout) return
    calls.announce(number)
    const missing = calls.missing(number)
    const isFirst = [...Array(rank).keys()].every((other) => missing.includes(other))
    // One of those who wait speaks for all; should it be cut off, the others come later.
    if (waited < this.#timeout + (isFirst ? grace : 2 * grace)) return
    const who = missing.map((other) => peerName(this.peers, other)).join(', ')
    const problem =
      missing.length > 0
        ? `${who} did not arrive at ${name} within ${this.#timeout / 1000} s`
        : `all ranks are at ${name}, but it was not done within ${this.#timeout / 1000} s: a connection may be broken`
    end(this.#group, exitCodes.late, problem)
  }

  /** Ends the job if a rank will not come any more: it has said so, or its process is gone. What else the launcher does then may take longer. */
  #endIfAlone(name: string): void {
    const { ended } = this.#rollCall
    const gone = ended ?? deadPeer(this.peers, this.#group.rank)
    if (gone === undefined) return
    const what = ended === undefined ? 'is gone' : 'has ended'
    const message = `${peerName(this.peers, gone)} ${what}, but this rank waits for it at ${name}`
    end(this.#group, exitCodes.early, message)
  }
}
