import type { Axis } from '../protocol.ts'
import type { LogColumns } from './log-columns.ts'

/** A line as it was logged, in the order of `x`. */
export interface Points {
  readonly axis: Axis | 'row'
  readonly x: Float64Array
  readonly y: Float64Array
}

/**
 * Puts the values of a key over an axis. Where a run went back to an earlier step, what it had logged after that is replaced by what came then. A file
 * whose rows have no such number is drawn over its rows.
 */
export function pointsOf(columns: LogColumns, key: string, wanted: Axis): Points {
  const column = columns.get(key)
  if (!column) return { axis: wanted, x: new Float64Array(), y: new Float64Array() }
  const given = columns.byRow(wanted)
  const axis: Points['axis'] = given ? wanted : 'row'
  const steps = columns.byRow('step') ?? columns.byRow('epoch')
  const { values, rowOf } = column
  const x = new Float64Array(values.length)
  const y = new Float64Array(values.length)
  const kept = new Float64Array(values.length)
  const start = axis === 'time' ? firstOf(given!) : 0
  let n = 0
  let isSorted = true
  for (const [i, value] of values.entries()) {
    const row = rowOf(i)
    const at = given ? given[row]! - start : row
    if (!Number.isFinite(at)) continue
    const step = steps?.[row] ?? row
    if (n > 0 && step < kept[n - 1]!) while (n > 0 && kept[n - 1]! >= step) n--
    x[n] = at
    y[n] = value
    kept[n] = step
    n++
  }
  for (let i = 1; i < n && isSorted; i++) isSorted = x[i]! >= x[i - 1]!
  const points: Points = { axis, x: x.subarray(0, n), y: y.subarray(0, n) }
  return isSorted ? points : sorted(points)
}

/** A clock may be set back. */
function sorted({ axis, x, y }: Points): Points {
  const order = Array.from(x.keys()).toSorted((a, b) => x[a]! - x[b]!)
  return { axis, x: Float64Array.from(order, (i) => x[i]!), y: Float64Array.from(order, (i) => y[i]!) }
}

function firstOf(values: Float64Array): number {
  return values.find((value) => Number.isFinite(value)) ?? 0
}
