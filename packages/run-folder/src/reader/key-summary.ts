/** What is kept of the numbers under one key. */
export interface KeySummary {
  /** How many there are. */
  readonly count: number
  readonly first: number
  readonly last: number
  /** NaN is neither the least nor the greatest; if there is nothing else, it is both. */
  readonly min: number
  readonly max: number
  readonly mean: number
  /** The step, epoch or row at which the least and the greatest stood first. */
  readonly argmin: number
  readonly argmax: number
}

export type SummaryName = keyof KeySummary

export const summaryNames: readonly string[] = [
  'count',
  'first',
  'last',
  'min',
  'max',
  'mean',
  'argmin',
  'argmax',
] satisfies SummaryName[]

/** Adds numbers up, one by one. */
export class RunningSummary {
  count = 0
  first: number = NaN
  last: number = NaN
  min: number = Infinity
  max: number = -Infinity
  sum = 0
  argmin: number = NaN
  argmax: number = NaN

  add(value: number, at: number): void {
    if (this.count++ === 0) this.first = value
    this.last = value
    this.sum += value
    if (value < this.min || (value === Infinity && this.min === Infinity && Number.isNaN(this.argmin))) {
      this.min = value
      this.argmin = at
    }
    if (value > this.max || (value === -Infinity && this.max === -Infinity && Number.isNaN(this.argmax))) {
      this.max = value
      this.argmax = at
    }
  }

  summary(): KeySummary {
    const { count, first, last, min, max, sum, argmin, argmax } = this
    const hasLeast = !Number.isNaN(argmin)
    return {
      count,
      first,
      last,
      min: hasLeast ? min : NaN,
      max: hasLeast ? max : NaN,
      mean: sum / count,
      argmin,
      argmax,
    }
  }

  toJSON(): (number | string)[] {
    const { count, first, last, min, max, sum, argmin, argmax } = this
    // JSON has neither NaN nor Infinity.
    return [count, first, last, min, max, sum, argmin, argmax].map((n) =>
      Number.isFinite(n) ? n : String(n),
    )
  }

  static fromJSON(numbers: readonly (number | string)[]): RunningSummary {
    const summary = new RunningSummary()
    // One by one: thousands are restored before a table of runs is there.
    summary.count = Number(numbers[0])
    summary.first = Number(numbers[1])
    summary.last = Number(numbers[2])
    summary.min = Number(numbers[3])
    summary.max = Number(numbers[4])
    summary.sum = Number(numbers[5])
    summary.argmin = Number(numbers[6])
    summary.argmax = Number(numbers[7])
    return summary
  }
}
