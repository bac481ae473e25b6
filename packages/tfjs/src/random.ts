import { isPromise } from '@trainyard/core'
import { fail } from './errors.ts'

/** What keys the random numbers of a piece of work: the same key gives the same numbers, on any machine, in any process. */
export interface RandomKey {
  readonly seed: number
  readonly step?: number
  readonly batch?: number
  readonly rank?: number
}

// The increment of SplitMix (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), cut to 32 bits.
const golden = 0x9e3779b9

/** Mixes 32 bits so that each bit of the input moves each bit of the output: `lowbias32` of Chris Wellons' hash prospector (2018). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

/**
 * Makes a counter-based generator of numbers in [0, 1) with 53 random bits: the nth number is a hash of key and n, so there is no state to save.
 */
export function keyedRandom({ seed, step = 0, batch = 0, rank = 0 }: RandomKey): () => number {
  let high = 0x243f6a88
  let low = 0x85a308d3
  for (const part of [seed, step, batch, rank]) {
    // Parts may be larger than 32 bits.
    high = mix(high ^ mix((part | 0) + golden))
    low = mix(low ^ mix(Math.floor(part / 2 ** 32) + high))
  }
  let count = 0
  return () => {
    count = (count + golden) | 0
    const top = mix(high ^ mix(count)) >>> 5
    const bottom = mix(low ^ mix(count ^ 0x5bf03635)) >>> 6
    return (top * 2 ** 26 + bottom) / 2 ** 53
  }
}

/**
 * Runs `work` with `Math.random` keyed; afterwards it is the process's own again. TensorFlow.js draws all its randomness (initial weights, dropout, noise)
 * from there, so `withRandom({ seed: 1 }, () => buildModel())` gives the same weights each time.
 * @throws if `work` is asynchronous: others would run under its key.
 */
export function withRandom<T>(key: RandomKey, work: () => T): T {
  const own = Math.random
  Math.random = keyedRandom(key)
  try {
    const result = work()
    if (isPromise(result)) fail('withRandom(): the work must be synchronous, but it returned a promise')
    return result
  } finally {
    Math.random = own
  }
}
