import { assert, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { BackOff } from '../src/back-off.ts'

test('waits twice as long after each failure, less a random part, up to a limit', () => {
  assert(
    property(integer({ min: 0, max: 2000 }), (failures) => {
      const backOff = new BackOff(10, 1000)
      for (let i = 0; i < failures; i++) backOff.next()
      const doubled = Math.min(1000, 10 * 2 ** failures)
      const wait = backOff.next()
      expect(wait).toBeGreaterThanOrEqual(doubled / 2)
      expect(wait).toBeLessThanOrEqual(doubled)
    }),
    { numRuns: 50 },
  )
})

test('waits as long as the server asks, within the limit, and briefly again once it went well', () => {
  const backOff = new BackOff(10, 1000)
  expect(backOff.next(500)).toBe(500)
  expect(backOff.next(100_000)).toBe(1000)
  expect(backOff.failures).toBe(2)
  backOff.reset()
  expect(backOff.next()).toBeLessThanOrEqual(10)
})
