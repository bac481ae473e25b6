import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { permutation } from '../src/index.ts'

test('a permutation takes every index exactly once, for any length and key', () => {
  const length = fc.integer({ min: 1, max: 3000 })
  fc.assert(
    fc.property(length, fc.maxSafeNat(), fc.nat(), (count, seed, epoch) => {
      const at = permutation(count, seed, epoch)
      const taken = new Uint8Array(count)
      for (let position = 0; position < count; position++) taken[at(position)]!++
      expect(taken.every((times) => times === 1)).toBe(true)
    }),
  )
})

test('a permutation of very many things takes different ones at different positions', () => {
  const length = fc.integer({ min: 2 ** 31, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(length, fc.nat(), fc.maxSafeNat(), (count, seed, place) => {
      const at = permutation(count, seed)
      const start = place % (count - 200)
      const indices = Array.from({ length: 200 }, (_, k) => at(start + k))
      expect(new Set(indices).size).toBe(200)
      expect(indices.every((index) => Number.isSafeInteger(index) && index >= 0 && index < count)).toBe(true)
    }),
  )
})
