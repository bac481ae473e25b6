import type { FieldPath } from '../query/condition.ts'
import { type SummaryName, summaryNames } from './key-summary.ts'
import type { StoredRun } from './stored-run.ts'

/** Gives the value of a field about metrics: `train.loss`, the last one, or `train.loss.min`. Reads only the file that it is about. */
export function metricField(run: StoredRun<unknown>, field: FieldPath): number | undefined {
  const [log, key] = run.splitMetric(field) ?? []
  if (log === undefined || key === undefined) return undefined
  const keys = run.summary(log)?.keys
  const whole = keys?.get(key)
  if (whole) return whole.last
  const dot = key.lastIndexOf('.')
  const name = key.slice(dot + 1)
  return summaryNames.includes(name)
    ? keys?.get(key.slice(0, dot))?.summary()[name as SummaryName]
    : undefined
}
