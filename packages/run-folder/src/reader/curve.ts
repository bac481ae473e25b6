import { meanOf, stdOf } from './aggregators.ts'
import type { StoredRun } from './stored-run.ts'

/** How a metric went in several runs, step by step, over the runs that have it at that step. */
export interface Curve {
  /** What the runs are aligned by: steps, epochs or rows. */
  readonly at: readonly number[]
  readonly mean: readonly number[]
  /** As of a whole population. */
  readonly std: readonly number[]
  readonly min: readonly number[]
  readonly max: readonly number[]
  /** How many runs. */
  readonly count: readonly number[]
}

/** Aligns a metric of several runs. Runs without it are left out. */
export function curveOf(runs: readonly StoredRun<unknown>[], metric: string, by?: string): Curve {
  const found = new Map<number, number[]>()
  for (const run of runs) {
    if (run.get(metric) === undefined) continue
    const columns = run.columns([metric], by)
    const axis = Object.keys(columns)[0]!
    for (const [i, at] of columns[axis]!.entries()) {
      const value = columns[metric]![i]
      if (typeof value !== 'number') continue
      const values = found.get(at!)
      if (values) values.push(value)
      else found.set(at!, [value])
    }
  }
  const points = [...found].toSorted(([a], [b]) => a - b)
  const over = (reduce: (values: readonly number[]) => number): number[] =>
    points.map(([, values]) => reduce(values))
  return {
    at: points.map(([at]) => at),
    mean: over((values) => meanOf(values)!),
    std: over((values) => stdOf(values)!),
    min: over((values) => values.reduce((a, b) => Math.min(a, b))),
    max: over((values) => values.reduce((a, b) => Math.max(a, b))),
    count: over((values) => values.length),
  }
}
