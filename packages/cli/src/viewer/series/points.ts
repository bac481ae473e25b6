import type { Axis } from '../protocol.ts'
import type { LogColumns } from './log-columns.ts'

/** A line as it was logged, in the order of `x`. */
export interface Points {
  readonly axis: Axis | 'row'
  readonly x: Float64Array
  readonly y: Float64Array
  /** Where the run went on after it had gone back to an earlier step. */
  readonly resumes?: readonly number[]
}

/**
 * Puts the values of a key over an axis. Where a run went back to an earlier step, what it had logged after that is replaced by what came then. A file
 * whose rows have no such number is drawn over its rows.
 */
export function pointsOf(columns: LogColumns, key: string, wanted: Axis): Points {
  const column = columns.get(key)
  if (!column) return { axis: wanted, x: new Float64Array(), y: new Float64Array() }
  const { values, rows } = column
  const given = withValue(columns.byRow(wanted), rows)
  const axis: Points['axis'] = given ? wanted : 'row'
  const steps = columns.byRow('step') ?? columns.byRow('epoch')
  const isOwnStep = wanted === 'step' || (wanted === 'epoch' && !columns.get('step'))
  if (given && !rows && isOwnStep) {
    // Nearly always, each row has all of its numbers, and nothing has to be moved.
    const own = given.subarray(0, values.length)
    if (isAscending(own)) return { axis, x: own, y: values }
  }
  const x = new Float64Array(values.length)
  const y = new Float64Array(values.length)
  const kept = new Float64Array(values.length)
  /** The places of the points where the run went on. */
  const resumed: number[] = []
  const start = axis === 'time' ? firstOf(given!) : 0
  let n = 0
  for (let i = 0; i < values.length; i++) {
    const row = rows ? rows[i]! : i
    const at = given ? given[row]! - start : row
    if (!Number.isFinite(at)) continue
    const before = n > 0 ? kept[n - 1]! : -Infinity
    const step = steps ? steps[row]! : row
    if (step < before) {
      while (n > 0 && kept[n - 1]! >= step) n--
      while (resumed.length > 0 && resumed.at(-1)! >= n) resumed.pop()
      resumed.push(n)
    }
    x[n] = at
    y[n] = values[i]!
    // A row that has no step is between two that have.
    kept[n] = Number.isNaN(step) ? before : step
    n++
  }
  const points: Points = {
    axis,
    x: x.subarray(0, n),
    y: y.subarray(0, n),
    ...(resumed.length > 0 && { resumes: resumed.map((place) => x[place]!) }),
  }
  return isAscending(points.x) ? points : sorted(points)
}

/** Gives the numbers of an axis if one of these rows has any. */
function withValue(given: Float64Array | undefined, rows: Uint32Array | undefined): Float64Array | undefined {
  return given && (!rows || rows.some((row) => Number.isFinite(given[row]))) ? given : undefined
}

/** Tells whether all numbers are finite, and none is less than the one before. */
function isAscending(x: Float64Array): boolean {
  for (let i = 1; i < x.length; i++) if (!(x[i]! >= x[i - 1]!)) return false
  return x.length === 0 || (Number.isFinite(x[0]) && Number.isFinite(x.at(-1)))
}

/** A clock may be set back. */
function sorted({ x, y, ...points }: Points): Points {
  const order = Array.from(x.keys()).toSorted((a, b) => x[a]! - x[b]!)
  return {
    ...points,
    x: Float64Array.from(order, (i) => x[i]!),
    y: Float64Array.from(order, (i) => y[i]!),
  }
}

function firstOf(values: Float64Array): number {
  return values.find((value) => Number.isFinite(value)) ?? 0
}
