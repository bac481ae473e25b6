import * as tf from '@tensorflow/tfjs'
import { type EventName, isPromise, type TrainerHandle } from '@trainyard/core'

type AnyHandler = (...args: never[]) => unknown

/** The tensors of one callback: how many its handlers have made more than they have freed. */
interface Balance {
  readonly callback: string
  event: EventName
  trainer: TrainerHandle
  tensors: number
  atEpochStart: number
  /** Calls that left tensors behind, since one that freed some. */
  growing: number
  reported: boolean
}

/** So many growing calls in a row are a leak, however long the epoch is. */
const suspicious = 1000

/**
 * Watches how many tensors each callback leaves behind and names the one that leaks, once. What is gathered over an epoch and freed at its end is no leak;
 * what has grown from one epoch's start to the next one's, in several calls, is.
 */
export class LeakWatch {
  readonly #balances: Balance[] = []
  #epoch = -1

  /** Gives a handler that is watched. The handlers of one callback share a balance: one may free what another made. */
  watch(handler: AnyHandler, { callback, event }: { callback: string; event: EventName }): AnyHandler {
    const { state } = tf.engine()
    let balance = this.#balances.find((known) => known.callback === callback)
    if (!balance) {
      balance = {
        callback,
        event,
        trainer: undefined as never,
        tensors: 0,
        atEpochStart: 0,
        growing: 0,
        reported: false,
      }
      this.#balances.push(balance)
    }
    const own = balance
    const count = (before: number, trainer: TrainerHandle): void => {
      const left = state.numTensors - before
      if (left === 0) return
      own.tensors += left
      own.growing = left > 0 ? own.growing + 1 : 0
      if (left > 0) Object.assign(own, { event, trainer })
      if (own.growing === suspicious) report(own, suspicious)
    }
    return (...args) => {
      const before = state.numTensors
      const [, second, third] = args as unknown[]
      // The trainer comes after the state, or after the event's detail.
      const trainer = (typeof third === 'object' ? third : second) as TrainerHandle
      const result = handler(...args)
      // The loop waits for one handler before it calls the next, so what is made meanwhile is this one's.
      if (isPromise(result)) return result.then(() => count(before, trainer))
      count(before, trainer)
      return result
    }
  }

  /** Compares the balances with those at the start of the epoch before. */
  epochStarts(epoch: number): void {
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    for (const balance of this.#balances) {
      const calls = Math.min(balance.growing, balance.tensors - balance.atEpochStart)
      if (calls >= 3) report(balance, balance.growing)
      balance.atEpochStart = balance.tensors
      balance.growing = 0
    }
  }
}

function report(balance: Balance, calls: number): void {
  if (balance.reported) return
  balance.reported = true
  const { callback, event, trainer, tensors } = balance
  // All ranks have the same callbacks.
  if (trainer.strategy.globalRank) return
  trainer.host.warn(
    `[tfjs] callback "${callback}" leaks: ${tensors} tensors are left of ${calls} calls (${event}); wrap its work in tf.tidy(), or dispose of what it makes`,
  )
}
