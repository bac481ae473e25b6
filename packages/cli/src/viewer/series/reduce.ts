import type { Polyline } from '../protocol.ts'

/** What of a line is to be shown. */
export interface Range {
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Without it, nothing is left out. */
  readonly buckets?: number | undefined
  /** Whether the buckets are of the same width on a logarithmic axis. */
  readonly logX?: boolean | undefined
}

/**
 * Leaves out points of a line that a chart of so many pixels would not show: the range is cut in buckets, and of each one the points with the least and
 * the greatest value stay, where they are. So no spike is ever lost. Of a range, the points next to it stay, too, so that the line leaves the chart. A
 * bucket with values that are not finite keeps one of them, which is a gap.
 * @param x In ascending order.
 */
export function reduce(
  x: Float64Array,
  y: Float64Array,
  { from, to, buckets, logX = false }: Range,
): Polyline {
  const begin = from === undefined ? 0 : Math.max(0, lowerBound(x, from) - 1)
  const end = to === undefined ? x.length : Math.min(x.length, upperBound(x, to) + 1)
  if (buckets === undefined || end - begin <= 2 * buckets)
    return { x: x.slice(begin, end), y: y.slice(begin, end) }
  const place = logX ? (at: number) => (at > 0 ? Math.log(at) : -Infinity) : (at: number) => at
  const first = place(from !== undefined && (!logX || from > 0) ? from : firstPlaceable(x, begin, end, logX))
  const width = (place(to ?? x[end - 1]!) - first) / buckets
  const bucketOf = (at: number): number =>
    width > 0 ? Math.max(-1, Math.min(buckets, Math.floor((place(at) - first) / width))) : 0
  // At most three points a bucket, those outside of the range, and the two ends.
  const kept = new Uint32Array(Math.min(end - begin, 3 * (buckets + 2) + 2))
  let count = 0
  const keep = (i: number): void => {
    if (i >= 0 && (count === 0 || kept[count - 1]! < i)) kept[count++] = i
  }
  let bucket = NaN
  let [least, greatest, gap] = [-1, -1, -1]
  const close = (): void => {
    const [one, other] = least < greatest ? [least, greatest] : [greatest, least]
    if (gap === -1 || gap > other) {
      keep(one)
      keep(other)
      keep(gap)
    } else {
      keep(Math.min(one, gap))
      keep(Math.max(one, gap))
      keep(other)
    }
    least = greatest = gap = -1
  }
  // The first and the last point are where the line begins and ends.
  keep(begin)
  for (let i = begin; i < end; i++) {
    const next = bucketOf(x[i]!)
    if (next !== bucket) {
      close()
      bucket = next
    }
    const value = y[i]!
    if (!Number.isFinite(value)) gap = i
    else {
      if (least === -1 || value < y[least]!) least = i
      if (greatest === -1 || value > y[greatest]!) greatest = i
    }
  }
  close()
  keep(end - 1)
  const reduced = { x: new Float64Array(count), y: new Float64Array(count) }
  for (let i = 0; i < count; i++) {
    reduced.x[i] = x[kept[i]!]!
    reduced.y[i] = y[kept[i]!]!
  }
  return reduced
}

/** A logarithmic axis begins at the first number that it can show. */
function firstPlaceable(x: Float64Array, begin: number, end: number, logX: boolean): number {
  if (!logX) return x[begin]!
  for (let i = begin; i < end; i++) if (x[i]! > 0) return x[i]!
  return x[begin]!
}

/** Gives the first place whose number is not less. */
export function lowerBound(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}

/** Gives the first place whose number is greater. */
function upperBound(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= limit) low = middle + 1
    else high = middle
  }
  return low
}
