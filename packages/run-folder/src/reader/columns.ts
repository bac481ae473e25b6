import { fail } from '../errors.ts'
import type { Row } from '../metrics/parse-rows.ts'
import { parseField } from '../query/parse-query.ts'
import type { StoredRun } from './stored-run.ts'

/** Columns of the same length, by name; null where there is no number. The first one is what they are aligned by. */
export type Columns = Readonly<Record<string, readonly (number | null)[]>>

/** Reads metrics of a run as columns, sorted by what they are aligned by. Each file is read once. */
export function columnsOf(run: StoredRun<unknown>, metrics: readonly string[], by?: string): Columns {
  const places = metrics.map((metric) => {
    const [log, key] =
      run.splitMetric(parseField(metric)) ??
      fail(`run ${run.id} has no metric "${metric}"; it has: ${run.metricNames.join(', ')}`)
    return { metric, log, key }
  })
  const logs = new Map(places.map(({ log }) => [log, run.rows(log)]))
  const axis = by ?? commonAxis([...logs.values()])
  const found = new Map<number, Map<string, number>>()
  for (const [log, rows] of logs) {
    const own = places.filter((place) => place.log === log)
    for (const [i, row] of rows.entries()) {
      const at = axis === 'row' ? i : row[axis]
      if (typeof at !== 'number') continue
      const values = found.get(at) ?? new Map<string, number>()
      found.set(at, values)
      for (const { metric, key } of own) if (typeof row[key] === 'number') values.set(metric, row[key])
    }
  }
  const sorted = [...found].toSorted(([a], [b]) => a - b)
  return Object.fromEntries([
    [axis, sorted.map(([at]) => at)],
    ...metrics.map((metric) => [metric, sorted.map(([, values]) => values.get(metric) ?? null)] as const),
  ])
}

/** Gives the first of `step` and `epoch` that all files have, else `row`. */
function commonAxis(logs: readonly (readonly Row[])[]): string {
  const has = (axis: string): boolean =>
    logs.every((rows) => rows.every((row) => typeof row[axis] === 'number'))
  return ['step', 'epoch'].find(has) ?? 'row'
}
