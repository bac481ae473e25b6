import * as tf from '@tensorflow/tfjs'
import { type EventName, isPromise, type TrainerHandle } from '@trainyard/core'

/** So many calls in a row that each leave tensors behind are a leak; fewer may be a cache that fills. */
const suspicious = 3

type AnyHandler = (...args: never[]) => unknown

/**
 * Watches a callback's handler: if call after call leaves tensors behind, it is named, once. Only synchronous handlers are watched, for while one waits
 * others make tensors, too.
 */
export function watchForLeaks(
  handler: AnyHandler,
  { callback, event }: { callback: string; event: EventName },
): AnyHandler {
  const { state } = tf.engine()
  let inARow = 0
  return (...args) => {
    const before = state.numTensors
    const result = handler(...args)
    const left = state.numTensors - before
    if (left <= 0 || isPromise(result)) inARow = 0
    else if (++inARow === suspicious)
      trainerOf(args).host.warn(
        `[tfjs] callback "${callback}" leaves ${left} tensor${left > 1 ? 's' : ''} behind at each ${event}: wrap its work in tf.tidy(), or dispose of what it makes`,
      )
    return result
  }
}

/** The trainer comes after the state, or after the event's detail. */
function trainerOf([, second, third]: readonly unknown[]): TrainerHandle {
  return (third ?? second) as TrainerHandle
}
