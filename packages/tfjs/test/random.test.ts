import { expect, test } from 'vitest'
import { keyedRandom, withRandom } from '../src/index.ts'

const draw = (key: Parameters<typeof keyedRandom>[0], count: number): number[] => {
  const random = keyedRandom(key)
  return Array.from({ length: count }, random)
}

test('the same key gives the same numbers, every part of it others', () => {
  const key = { seed: 1, step: 2, batch: 3, rank: 4 }
  expect(draw(key, 5)).toEqual(draw(key, 5))
  const others = [
    { seed: 2 },
    { step: 3 },
    { batch: 4 },
    { rank: 5 },
    { seed: 2 ** 32 + 1 },
    { seed: -1 },
  ].map((part) => draw({ ...key, ...part }, 5))
  const all = [draw(key, 5), ...others].flat()
  expect(new Set(all).size).toBe(all.length)
})

test('keys next to each other and parts swapped give unrelated numbers', () => {
  const firsts = Array.from({ length: 4000 }, (_, step) => draw({ seed: 0, step }, 1)[0]!)
  const mean = firsts.reduce((sum, x) => sum + x, 0) / firsts.length
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.02)
  const correlation =
    firsts.slice(1).reduce((sum, x, i) => sum + (x - 0.5) * (firsts[i]! - 0.5), 0) / (firsts.length / 12)
  expect(Math.abs(correlation)).toBeLessThan(0.06)
  expect(draw({ seed: 0, step: 1, batch: 2 }, 1)).not.toEqual(draw({ seed: 0, step: 2, batch: 1 }, 1))
})

test('numbers are even over [0, 1), in their high and their low bits', () => {
  const numbers = draw({ seed: 9 }, 40_000)
  const buckets = (of: (x: number) => number): number[] =>
    numbers.reduce((counts, x) => (counts[Math.floor(of(x) * 16)]!++, counts), Array<number>(16).fill(0))
  for (const of of [(x: number) => x, (x: number) => (x * 2 ** 24) % 1, (x: number) => (x * 2 ** 44) % 1]) {
    const chi2 = buckets(of).reduce((sum, n) => sum + (n - 2500) ** 2 / 2500, 0)
    // 15 degrees of freedom: 99.9 % of even sources are below 37.7.
    expect(chi2).toBeLessThan(37.7)
  }
  expect(Math.max(...numbers)).toBeLessThan(1)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
})

test('withRandom keys Math.random for its work alone, also when it throws', () => {
  const own = Math.random
  const three = (): number[] => [Math.random(), Math.random(), Math.random()]
  expect(withRandom({ seed: 5 }, three)).toEqual(withRandom({ seed: 5 }, three))
  expect(Math.random).toBe(own)
  expect(() =>
    withRandom({ seed: 5 }, () => {
      throw new Error('inside')
    }),
  ).toThrow('inside')
  expect(Math.random).toBe(own)
  expect(() => withRandom({ seed: 5 }, async () => 1)).toThrow(
    '[tfjs] withRandom(): the work must be synchronous',
  )
})
