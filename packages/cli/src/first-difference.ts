import type { Columns, StoredRun } from '@trainyard/run-folder'
import { isAxis, metricsOf } from './metric-names.ts'

/** Where two runs first have different values. */
export interface FirstDifference {
  /** What `at` counts: `step`, `epoch` or `row`. */
  readonly by: string
  readonly at: number
  readonly values: readonly [number, number]
}

/** How a metric that two runs have compares. */
export interface MetricComparison {
  readonly metric: string
  /** Undefined if all is equal where both have it. */
  readonly first: FirstDifference | undefined
  /** At how many steps both have it. */
  readonly common: number
}

/**
 * Compares the metrics that two runs have in common, bit for bit, step by step. Times are left out, and steps that only one of them has. Where a step
 * stands twice in a file, the last one counts.
 */
export function compareMetrics(a: StoredRun, b: StoredRun): MetricComparison[] {
  const ofB = new Set(metricsOf(b).map(({ field }) => field))
  const shared = metricsOf(a).filter(({ field, key }) => ofB.has(field) && !isAxis(key))
  return [...new Set(shared.map(({ log }) => log))].flatMap((name) =>
    compareLog(
      a,
      b,
      shared.filter(({ log }) => log === name).map(({ field }) => field),
    ),
  )
}

function compareLog(a: StoredRun, b: StoredRun, metrics: readonly string[]): MetricComparison[] {
  let [ofA, ofB] = [a.columns(metrics), b.columns(metrics)]
  if (axisOf(ofA) !== axisOf(ofB)) [ofA, ofB] = [a.columns(metrics, 'row'), b.columns(metrics, 'row')]
  const by = axisOf(ofA)
  const rowInB = new Map(ofB[by]!.map((at, row) => [at!, row]))
  return metrics.map((metric) => {
    let common = 0
    for (const [row, at] of ofA[by]!.entries()) {
      const x = ofA[metric]![row]
      const y = ofB[metric]![rowInB.get(at!) ?? -1]
      if (typeof x !== 'number' || typeof y !== 'number') continue
      common++
      if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue
      return { metric, common, first: { by, at: at!, values: [x, y] } }
    }
    return { metric, common, first: undefined }
  })
}

function axisOf(columns: Columns): string {
  return Object.keys(columns)[0]!
}
