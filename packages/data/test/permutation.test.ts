import { describe, expect, test } from 'vitest'
import { permutation } from '../src/index.ts'

const order = (length: number, ...key: number[]): number[] => {
  const at = permutation(length, ...key)
  return Array.from({ length }, (_, position) => at(position))
}

/**
 * How far counts are from all being `expected`, in standard deviations of the chi-square distribution; too even counts
 * deviate, too.
 */
function deviation(counts: Iterable<number>, expected: number): number {
  let sum = 0
  let cells = 0
  for (const count of counts) {
    sum += (count - expected) ** 2 / expected
    cells++
  }
  return Math.abs(sum - (cells - 1)) / Math.sqrt(2 * (cells - 1))
}

describe('permutation', () => {
  test('takes every index exactly once at the lengths around powers of two', () => {
    for (const power of [1, 2, 3, 4, 7, 8, 9, 16])
      for (const length of [2 ** power - 1, 2 ** power, 2 ** power + 1])
        expect(new Set(order(length, 5)).size).toBe(length)
  })

  test('has no room for choice with one thing, and takes both ways with two', () => {
    expect(order(1, 9)).toEqual([0])
    expect(new Set(Array.from({ length: 20 }, (_, seed) => order(2, seed).join())).size).toBe(2)
  })

  test('always gives the same order for the same length and key', () => {
    // Written down, because a run that was saved with one version has to go on with the next.
    expect(order(10, 0, 0)).toEqual([1, 8, 5, 7, 4, 9, 3, 6, 0, 2])
    expect(order(10, 7, 3)).toEqual([9, 0, 3, 2, 7, 5, 8, 4, 1, 6])
    const far = permutation(2 ** 40, 1, 2)
    expect([far(0), far(1), far(2 ** 40 - 1)]).toEqual([216_287_184_018, 281_342_161_447, 153_767_952_974])
  })

  test('gives unrelated orders for neighbouring seeds and epochs', () => {
    const seen = new Set<string>()
    let fixed = 0
    for (let seed = 0; seed < 40; seed++)
      for (let epoch = 0; epoch < 40; epoch++) {
        const at = permutation(1000, seed, epoch)
        const next = permutation(1000, seed, epoch + 1)
        seen.add([0, 1, 2, 3, 4, 5].map(at).join())
        for (let position = 0; position < 50; position++) fixed += at(position) === next(position) ? 1 : 0
      }
    expect(seen.size).toBe(1600)
    // One in a thousand positions agrees by chance: 80 of the 80,000.
    expect(fixed).toBeGreaterThan(40)
    expect(fixed).toBeLessThan(120)
  })

  test('tells keys apart that differ above 32 bits, or only in order', () => {
    const keys = [[1], [1 + 2 ** 32], [2 ** 32], [0], [1, 0], [0, 1], [2 ** 53 - 1], [2 ** 32 - 1], []]
    expect(new Set(keys.map((key) => order(500, ...key).join())).size).toBe(keys.length)
  })

  test.each([2, 3, 4, 5, 6])('takes all orders of %i things equally often', (length) => {
    const orders = new Map<string, number>()
    const factorial = [1, 1, 2, 6, 24, 120, 720][length]!
    for (let seed = 0; seed < factorial * 40; seed++) {
      const key = order(length, seed, 3).join()
      orders.set(key, (orders.get(key) ?? 0) + 1)
    }
    expect(orders.size).toBe(factorial)
    expect(deviation(orders.values(), 40)).toBeLessThan(4)
  })

  test.each([7, 16, 33, 100])(
    'puts each of %i things in each place, and after each other, equally often',
    (length) => {
      const places = new Float64Array(length * length)
      const pairs = new Float64Array(length * length)
      const orders = length * 100
      for (let epoch = 0; epoch < orders; epoch++) {
        let before = -1
        order(length, 7, epoch).forEach((index, position) => {
          places[position * length + index]!++
          if (before >= 0) pairs[before * length + index]!++
          before = index
        })
      }
      expect(deviation(places, 100)).toBeLessThan(4)
      const neighbours = pairs.filter((_, cell) => Math.floor(cell / length) !== cell % length)
      expect(deviation(neighbours, orders / length)).toBeLessThan(4)
    },
  )

  test.each([60_000, 2 ** 31 + 11, 2 ** 32 + 1, 2 ** 40 - 3, Number.MAX_SAFE_INTEGER])(
    'spreads neighbours evenly over %i things',
    (length) => {
      const at = permutation(length, 1, 0)
      const cells = 16
      const samples = 25_600
      const pairs = new Float64Array(cells * cells)
      const gaps = new Float64Array(64)
      const lowBits = new Float64Array(64)
      const seen = new Set<number>()
      for (let position = 0; position < samples; position++) {
        const [one, two] = [at(position), at(position + 1)]
        seen.add(one)
        pairs[Math.floor((one / length) * cells) * cells + Math.floor((two / length) * cells)]!++
        gaps[Math.floor(((two - one + (two < one ? length : 0)) / length) * 64)]!++
        lowBits[one % 64]!++
      }
      expect(seen.size).toBe(samples)
      expect(Math.max(...seen)).toBeLessThan(length)
      expect(deviation(pairs, samples / cells / cells)).toBeLessThan(4)
      expect(deviation(gaps, samples / 64)).toBeLessThan(4)
      expect(deviation(lowBits, samples / 64)).toBeLessThan(4)
    },
  )

  test('refuses lengths, keys and positions that are none', () => {
    expect(() => permutation(0)).toThrow('[data] `length` must be a whole number of at least 1, not 0')
    expect(() => permutation(1.5)).toThrow('not 1.5')
    expect(() => permutation(5, -1)).toThrow('[data] `key` must be a whole number of at least 0, not -1')
    for (const position of [-1, 5, 0.5, NaN]) expect(() => permutation(5)(position)).toThrow('from 0 to 4')
  })
})
