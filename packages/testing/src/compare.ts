import type { Values } from './values.ts'

/** The element at which two results differ most. */
export interface Difference {
  /** How far they are apart, relative to the expected value, or to a tenth of the typical one where that is more. */
  readonly error: number
  readonly index: number
  readonly actual: number
  readonly expected: number
}

/** Gives the elements that differ by more than `tolerance`, the worst first. */
export function differences(actual: Values, expected: Values, tolerance: number): Difference[] {
  const typical = typicalSize(expected.values)
  const found: Difference[] = []
  for (const [index, value] of actual.values.entries()) {
    const error = relativeError(value, expected.values[index]!, typical)
    if (error > tolerance) found.push({ error, index, actual: value, expected: expected.values[index]! })
  }
  return found.toSorted((a, b) => b.error - a.error)
}

/** Gives the largest relative error, 0 if there is none. */
export function largestError(actual: Values, expected: Values): number {
  return differences(actual, expected, 0)[0]?.error ?? 0
}

/** Gives the index of an element as its position along each axis. */
export function position(index: number, shape: readonly number[]): number[] {
  let rest = index
  return shape
    .toReversed()
    .map((length) => {
      const along = rest % length
      rest = Math.floor(rest / length)
      return along
    })
    .toReversed()
}

/** Says `0 instead of 1.225`, with as many digits as it takes to tell them apart. */
export function insteadOf(actual: number, expected: number): string {
  const digits = [4, 7].find((count) => short(actual, count) !== short(expected, count)) ?? 16
  return `${short(actual, digits)} instead of ${short(expected, digits)}`
}

/** Rounds a number to digits that count. */
export function short(value: number, digits = 4): string {
  return String(Number(value.toPrecision(digits)))
}

function relativeError(actual: number, expected: number, typical: number): number {
  // Equal, or both not a number; an infinity is equal to itself alone.
  if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return 0
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), typical / 10, 1e-3)
  return Number.isFinite(error) ? error : Infinity
}

/** Gives the root of the mean square of those that are finite. */
function typicalSize(values: Float64Array): number {
  const finite = values.filter(Number.isFinite)
  return Math.sqrt(finite.reduce((sum, value) => sum + value * value, 0) / Math.max(1, finite.length))
}
