import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  atEnd,
  everyEpochs,
  everySteps,
  everyTime,
  everyValidation,
  keepAll,
  keepAny,
  keepBest,
  keepNewest,
  type Saved,
  type SavePoint,
  whenAny,
} from '../src/index.ts'

const start: SavePoint = { step: 0, epoch: 0, isEpochEnd: false, isValidated: false, isEnd: false, time: 0 }
const at = (point: Partial<SavePoint>): SavePoint => ({ ...start, ...point })

test('steps, epochs, validations, time and the end each say when', () => {
  expect(everySteps(10)(at({ step: 20 }), start)).toBe(true)
  expect(everySteps(10)(at({ step: 21 }), start)).toBe(false)
  expect(everySteps(10)(at({ step: 20 }), at({ step: 20 }))).toBe(false)
  expect(everyEpochs(2)(at({ epoch: 2, isEpochEnd: true }), start)).toBe(true)
  expect(everyEpochs(2)(at({ epoch: 2 }), start)).toBe(false)
  expect(everyEpochs(2)(at({ epoch: 3, isEpochEnd: true }), start)).toBe(false)
  expect(everyValidation()(at({ isValidated: true }), start)).toBe(true)
  expect(everyValidation(2)(at({ isValidated: true, epoch: 0 }), start)).toBe(false)
  expect(everyValidation(2)(at({ isValidated: true, epoch: 1 }), start)).toBe(true)
  expect(everyTime({ seconds: 2 })(at({ time: 2999 }), at({ time: 1000 }))).toBe(false)
  expect(everyTime({ seconds: 2 })(at({ time: 3000 }), at({ time: 1000 }))).toBe(true)
  expect(atEnd(at({ isEnd: true }), start)).toBe(true)
  expect(whenAny(everySteps(10), atEnd)(at({ step: 3, isEnd: true }), start)).toBe(true)
  expect(whenAny()(at({ step: 3, isEnd: true }), start)).toBe(false)
})

const saved = (...scores: (number | undefined)[]): Saved[] =>
  scores.map((score, i) => ({ name: String(i), step: i, epoch: 0, score }))
const kept = (keep: (all: readonly Saved[]) => readonly Saved[], ...scores: (number | undefined)[]): string =>
  keep(saved(...scores))
    .map(({ name }) => name)
    .join('')

test('the best ones have the best scores; NaN is never among them, and the older of equals is better', () => {
  expect(kept(keepBest(2), 3, 1, 2)).toBe('12')
  expect(kept(keepBest(2, 'max'), 3, 1, 2)).toBe('02')
  expect(kept(keepBest(1), 1, 1)).toBe('0')
  expect(kept(keepBest(3), Number.NaN, 2, undefined)).toBe('1')
  expect(kept(keepBest(2), Infinity, -Infinity, 0)).toBe('12')
  expect(kept(keepBest(0), 1)).toBe('')
})

test('what several policies keep, in the order in which it was saved', () => {
  expect(kept(keepAny(keepBest(1), keepNewest(1)), 1, 3, 2)).toBe('02')
  expect(kept(keepAny(keepNewest(2), keepBest(2)), 1, 2, 3, 4)).toBe('0123')
  expect(kept(keepAll, 1, Number.NaN)).toBe('01')
  expect(kept(keepNewest(0), 1)).toBe('')
})

test('saving one after the other keeps the same as choosing from all at the end', () => {
  const score = fc.option(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(Number.NaN)), {
    nil: undefined,
  })
  fc.assert(
    fc.property(fc.array(score), fc.integer({ min: 1, max: 4 }), (scores, k) => {
      const keep = keepAny(keepBest(k), keepNewest(1))
      let list: readonly Saved[] = []
      for (const one of saved(...scores)) list = keep([...list, one])
      expect(list).toEqual(keep(saved(...scores)))
    }),
  )
})

test('a policy with a senseless count is an error at once', () => {
  expect(() => everySteps(0)).toThrow(
    '[model-checkpoint] `everySteps` must be a whole number of at least 1, not 0',
  )
  expect(() => keepBest(-1)).toThrow('`keepBest` must be a whole number of at least 0, not -1')
  expect(() => everyTime({})).toThrow('`everyTime` must be a positive time')
})
