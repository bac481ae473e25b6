import { fail } from './errors.ts'
import { wholeNumber } from './options.ts'

/**
 * Gives a shuffled order of `length` things without making a list: a function from positions to indices that
 * takes each of 0 … `length` - 1 exactly once. Every call costs the same, however long the data set is, so
 * one can begin anywhere. The same length and key always give the same order; different keys give unrelated
 * ones.
 *
 * It is a cipher on a small domain, as in Black & Rogaway, "Ciphers with Arbitrary Finite Domains" (CT-RSA
 * 2002): a Feistel network permutes the next power of two, and what falls outside is sent through again
 * (cycle walking, fewer than two passes on average). Its round function is the finalizer of MurmurHash3
 * (Austin Appleby). Good for shuffling; it keeps no secrets.
 *
 * @param length Up to 2^53 - 1.
 * @param key Whole numbers, for example a seed and an epoch.
 * @throws if a number is none of these; the function throws for a position outside.
 */
export function permutation(length: number, ...key: number[]): (position: number) => number {
  wholeNumber('length', length, 1)
  for (const word of key) wholeNumber('key', word, 0)
  let bits = 0
  while (2 ** bits < length) bits++
  const highSize = 2 ** Math.floor(bits / 2)
  const lowSize = 2 ** Math.ceil(bits / 2)
  const highMask = highSize - 1
  const lowMask = lowSize - 1
  // A round changes a half by a function of the other one. Halves of a few bits have few such functions, so
  // that it takes more of them.
  const keys = roundKeys(key, bits < 8 ? 32 : 8)

  return (position) => {
    if (!Number.isInteger(position) || position < 0 || position >= length)
      fail(`\`position\` must be a whole number from 0 to ${length - 1}, not ${position}`)
    let index = position
    do {
      // Shifts would cut off what is above 32 bits; the halves themselves have at most 27.
      let high = Math.floor(index / lowSize)
      let low = index - high * lowSize
      for (let round = 0; round < keys.length; round += 2) {
        low ^= mix(high ^ keys[round]!) & lowMask
        high ^= mix(low ^ keys[round + 1]!) & highMask
      }
      index = high * lowSize + low
    } while (index >= length)
    return index
  }
}

/** Makes the keys of all rounds: the words go into 64 bits of state, from which each round draws its own. */
function roundKeys(key: readonly number[], rounds: number): Int32Array {
  // The first binary digits of pi: numbers with nothing up their sleeve.
  let a = 0x243f6a88
  let b = 0x85a308d3
  for (const word of key) {
    for (const half of [word % 2 ** 32, Math.floor(word / 2 ** 32)]) {
      a = mix(a ^ half)
      b = mix(b + a)
    }
  }
  // The steps are the fractions of the golden ratio and of the square root of 2.
  return Int32Array.from({ length: rounds }, (_, round) => {
    const count = round + 1
    return mix(a + Math.imul(count, 0x9e3779b9)) ^ mix(b ^ Math.imul(count, 0x6a09e667))
  })
}

/** Mixes 32 bits so that each bit of the result depends on all of them (`fmix32` of MurmurHash3). */
function mix(bits: number): number {
  let hash = bits ^ (bits >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
