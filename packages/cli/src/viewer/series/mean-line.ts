import type { Line, LinesRequest } from '../protocol.ts'
import type { Points } from './points.ts'
import { reduce } from './reduce.ts'
import { smooth } from './smooth.ts'

/**
 * Makes the mean of several lines, with a band of one standard deviation, as of a whole population, on either side: at each place over the lines that have a
 * finite value there. Over time, where no two lines have the same places, they are read at even distances, between their points. The row of a file is no
 * step: lines over rows count only if there are no others.
 */
export function meanLine(name: string, all: readonly Points[], request: LinesRequest): Line {
  const axis = all.every((line) => line.axis === 'row') ? 'row' : request.axis
  const lines = all.filter((line) => line.axis === axis)
  const weight = request.smoothing ?? 0
  const smoothed = weight > 0 ? lines.map((line) => ({ ...line, y: smooth(line.y, weight) })) : lines
  const grid = axis === 'time' ? evenPlaces(smoothed, request) : allPlaces(smoothed)
  const read = axis === 'time' ? smoothed.map((line) => between(line, grid)) : smoothed
  const { x, mean, deviation } = moments(grid, read)
  const side = (sign: 1 | -1): Float64Array => mean.map((value, i) => value + sign * deviation[i]!)
  let notFinite = 0
  for (const { y } of lines) for (let i = 0; i < y.length; i++) if (!Number.isFinite(y[i])) notFinite++
  return {
    run: name,
    axis,
    total: lines.reduce((sum, { y }) => sum + y.length, 0),
    notFinite,
    ...reduce(x, mean, request),
    band: { low: reduce(x, side(-1), request), high: reduce(x, side(1), request) },
  }
}

/** Gives every place that some line has, once, in ascending order. */
function allPlaces(lines: readonly Points[]): Float64Array {
  const all = new Float64Array(lines.reduce((sum, { x }) => sum + x.length, 0))
  let length = 0
  for (const { x } of lines) {
    all.set(x, length)
    length += x.length
  }
  all.sort()
  let count = 0
  for (let i = 0; i < length; i++) if (i === 0 || all[i] !== all[count - 1]) all[count++] = all[i]!
  return all.subarray(0, count)
}

/** As many as a wide chart has, if nobody says how many. */
const usualBuckets = 1000

function evenPlaces(
  lines: readonly Points[],
  { buckets = usualBuckets, from, to }: LinesRequest,
): Float64Array {
  const drawn = lines.filter(({ x }) => x.length > 0)
  const first = from ?? Math.min(...drawn.map(({ x }) => x[0]!))
  const last = to ?? Math.max(...drawn.map(({ x }) => x.at(-1)!))
  if (!(last > first)) return Float64Array.of(first)
  return Float64Array.from(
    { length: 2 * buckets },
    (_, i) => first + ((last - first) * i) / (2 * buckets - 1),
  )
}

/** Reads a line at places between its points; NaN where it has not begun, or has ended. */
function between({ axis, x, y }: Points, places: Float64Array): Points {
  let next = 0
  const values = places.map((place) => {
    while (next < x.length && x[next]! < place) next++
    if (next === x.length) return NaN
    if (x[next] === place) return y[next]!
    if (next === 0) return NaN
    const share = (place - x[next - 1]!) / (x[next]! - x[next - 1]!)
    return y[next - 1]! + share * (y[next]! - y[next - 1]!)
  })
  return { axis, x: places, y: values }
}

/** Gives mean and standard deviation at each place at which there is a value. */
function moments(
  places: Float64Array,
  lines: readonly Points[],
): { x: Float64Array; mean: Float64Array; deviation: Float64Array } {
  const count = new Uint32Array(places.length)
  const mean = new Float64Array(places.length)
  const squares = new Float64Array(places.length)
  for (const { x, y } of lines)
    for (let i = 0, at = 0; i < x.length; i++) {
      while (places[at]! < x[i]!) at++
      const value = y[i]!
      if (!Number.isFinite(value)) continue
      // After B. P. Welford (1962): no digits are lost where the deviation is small.
      const difference = value - mean[at]!
      mean[at]! += difference / ++count[at]!
      squares[at]! += difference * (value - mean[at]!)
    }
  const kept = Array.from(places.keys()).filter((at) => count[at]! > 0)
  const pick = (value: (at: number) => number): Float64Array => Float64Array.from(kept, value)
  return {
    x: pick((at) => places[at]!),
    mean: pick((at) => mean[at]!),
    deviation: pick((at) => Math.sqrt(squares[at]! / count[at]!)),
  }
}
