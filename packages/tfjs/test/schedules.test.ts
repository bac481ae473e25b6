import { expect, test } from 'vitest'
import { chain, constant, cosine, linearWarmup, type Schedule, stepDecay } from '../src/schedules.ts'

function at(schedule: Schedule, ...steps: number[]): number[] {
  return steps.map(schedule)
}

test('constant gives one rate for ever', () => {
  expect(at(constant(0.1), 0, 1, 1e9)).toEqual([0.1, 0.1, 0.1])
})

test('stepDecay falls after every so many updates', () => {
  const schedule = stepDecay({ rate: 8, every: 10, factor: 0.5 })
  expect(at(schedule, 0, 9, 10, 19, 20, 30)).toEqual([8, 8, 4, 4, 2, 1])
  expect(stepDecay({ rate: 1, every: 1 })(1)).toBe(0.1)
})

test('cosine has its rate at the start, half of it in the middle and the final one from the end on', () => {
  const schedule = cosine({ rate: 0.3, steps: 100, final: 0.1 })
  expect(at(schedule, 0, 100, 101, 1e9)).toEqual([0.3, 0.1, 0.1, 0.1])
  expect(schedule(50)).toBeCloseTo(0.2, 15)
  expect(schedule(25)).toBeCloseTo(0.1 + 0.2 * 0.5 * (1 + Math.SQRT1_2), 15)
  expect(at(cosine({ rate: 1, steps: 2 }), 0, 1, 2)).toEqual([1, 0.5, 0])
})

test('linearWarmup has neither an update without rate nor one too many with the full rate', () => {
  expect(at(linearWarmup({ steps: 3, to: 1 }), 0, 1, 2, 3, 4)).toEqual([0.25, 0.5, 0.75, 1, 1])
  expect(at(linearWarmup({ steps: 1, to: 1 }), 0, 1)).toEqual([0.5, 1])
})

test('the schedule after a warm-up starts at its own step 0', () => {
  const schedule = linearWarmup({ steps: 4, to: stepDecay({ rate: 10, every: 2 }) })
  expect(at(schedule, 0, 3, 4, 5, 6)).toEqual([2, 8, 10, 10, 1])
})

test('chain puts schedules one after the other, each with its own steps', () => {
  const schedule = chain([
    { rate: 3, steps: 2 },
    { rate: (step) => 10 + step, steps: 3 },
    { rate: cosine({ rate: 1, steps: 2 }) },
  ])
  expect(at(schedule, 0, 1, 2, 3, 4, 5, 6, 7, 8)).toEqual([3, 3, 10, 11, 12, 1, 0.5, 0, 0])
})

test('the last part of a chain goes on for ever, whatever its steps', () => {
  expect(at(chain([{ rate: (step) => step, steps: 2 }]), 0, 1, 2, 100)).toEqual([0, 1, 2, 100])
})

test('schedules nest and depend on nothing but the step', () => {
  const schedule = linearWarmup({ steps: 1, to: chain([{ rate: 2, steps: 1 }, { rate: 1 }]) })
  expect(at(schedule, 3, 0, 2, 1, 0)).toEqual([1, 1, 1, 2, 1])
})

test('wrong options are refused with the option and the value', () => {
  const wrong: [make: () => unknown, message: string][] = [
    [() => constant(-1), '[tfjs] `constant rate` must be a number of at least 0, not -1'],
    [
      () => stepDecay({ rate: Number.NaN, every: 1 }),
      '`stepDecay rate` must be a number of at least 0, not NaN',
    ],
    [() => stepDecay({ rate: 1, every: 0 }), '`stepDecay every` must be a whole number of at least 1, not 0'],
    [() => stepDecay({ rate: 1, every: 1, factor: 0 }), '`stepDecay factor` must be a number above 0, not 0'],
    [() => cosine({ rate: 1, steps: 1.5 }), '`cosine steps` must be a whole number of at least 1, not 1.5'],
    [() => cosine({ rate: 1, steps: 1, final: -1 }), '`cosine final`'],
    [() => linearWarmup({ steps: 0, to: 1 }), '`linearWarmup steps`'],
    [() => linearWarmup({ steps: 1, to: Number.POSITIVE_INFINITY }), '`linearWarmup to`'],
    [() => chain([]), '[tfjs] `chain` needs at least one part'],
    [
      () => chain([{ rate: 1 }, { rate: 2 }]),
      '`chain[0].steps` must be a whole number of at least 1, not undefined',
    ],
    [() => chain([{ rate: -2 }]), '`chain[0].rate`'],
    [() => chain([{ rate: 2, steps: -1 }]), '`chain[0].steps`'],
  ]
  for (const [make, message] of wrong) expect(make).toThrow(message)
})
