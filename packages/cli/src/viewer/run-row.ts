import type { StoredRun } from '@trainyard/run-folder'
import { flatten } from '../flatten.ts'
import { isAxis } from '../metric-names.ts'
import { isArchived, tagsOf } from '../select-runs.ts'
import { type JsonNumber, jsonNumbers, type MetricNumbers, type RunRow } from './protocol.ts'

/** Makes the row of a run in the table; without its metrics, which take the longest to read, it is not whole. */
export function rowOf(run: StoredRun, isWhole = true): RunRow {
  const start = Date.parse(String(run.get(['info', 'started_at'])))
  const duration = run.get(['info', 'duration'])
  const { notes } = run.annotations
  const metrics: Record<string, MetricNumbers> = {}
  for (const log of isWhole ? run.logNames : []) {
    for (const [key, numbers] of run.summary(log)?.keys ?? []) {
      if (isAxis(key)) continue
      const { last, min, max, count } = numbers.summary()
      metrics[`${log}.${key}`] = [jsonNumber(last), jsonNumber(min), jsonNumber(max), count]
    }
  }
  return {
    id: run.id,
    status: run.status ?? null,
    startedAt: Number.isNaN(start) ? null : start,
    duration: typeof duration === 'number' ? Math.round(duration) : null,
    tags: tagsOf(run),
    notes: typeof notes === 'string' ? notes : '',
    archived: isArchived(run),
    config: Object.fromEntries(
      Array.from(flatten(run.config, 'config'), ([name, value]) => [name, plain(value)]),
    ),
    metrics,
    isWhole,
  }
}

/** Makes of a value what JSON can say; so each row can be turned into text without a look at each number in it. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') return jsonNumber(value)
  return typeof value === 'object' ? JSON.parse(JSON.stringify(value, jsonNumbers)) : value
}

export function jsonNumber(value: number): JsonNumber {
  return Number.isFinite(value) ? value : (String(value) as JsonNumber)
}
