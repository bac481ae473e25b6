import type { StoredRun } from './stored-run.ts'

/** Makes one value of several runs; any such function can be given to `aggregate`. */
export type Aggregator<T = unknown, Config = unknown> = (runs: readonly StoredRun<Config>[]) => T

/** Counts runs, or those that have a field. */
export function count(field?: string): Aggregator<number> {
  return (runs) =>
    field === undefined ? runs.length : runs.filter((run) => run.get(field) !== undefined).length
}

/** Gives the least number that a field has; NaN is none. */
export function min(field: string): Aggregator<number | undefined> {
  return (runs) => extreme(runs, field, (a, b) => a < b)
}

/** Gives the greatest number that a field has; NaN is none. */
export function max(field: string): Aggregator<number | undefined> {
  return (runs) => extreme(runs, field, (a, b) => a > b)
}

/** Gives the mean of a field, over the runs that have it. */
export function mean(field: string): Aggregator<number | undefined> {
  return (runs) => meanOf(numbersIn(runs, field))
}

/** Gives the standard deviation of a field over the runs that have it, as of a whole population, in the way of MLXPy: 0 for one run. */
export function std(field: string): Aggregator<number | undefined> {
  return (runs) => stdOf(numbersIn(runs, field))
}

/** Gives the value of a field in the last run that has it. */
export function last(field: string): Aggregator {
  return (runs) => runs.findLast((run) => run.get(field) !== undefined)?.get(field)
}

function numbersIn(runs: readonly StoredRun<unknown>[], field: string): number[] {
  return runs.map((run) => run.get(field)).filter((value) => typeof value === 'number')
}

function extreme(
  runs: readonly StoredRun<unknown>[],
  field: string,
  isBetter: (a: number, b: number) => boolean,
): number | undefined {
  const numbers = numbersIn(runs, field).filter((number) => !Number.isNaN(number))
  return numbers.length === 0
    ? undefined
    : numbers.reduce((best, number) => (isBetter(number, best) ? number : best))
}

export function meanOf(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

export function stdOf(numbers: readonly number[]): number | undefined {
  const center = meanOf(numbers)
  return center === undefined
    ? undefined
    : Math.sqrt(meanOf(numbers.map((number) => (number - center) ** 2))!)
}
