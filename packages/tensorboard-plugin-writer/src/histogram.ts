import { fail } from './errors.ts'
import { Message } from './message.ts'
import type { ValueContent } from './summary-value.ts'

/** A histogram whose buckets were counted elsewhere. */
export interface RawHistogram {
  min: number
  max: number
  /** How many values there are. */
  num: number
  sum: number
  sumSquares: number
  /** The upper end of each bucket, rising. */
  bucketLimits: ArrayLike<number>
  bucketCounts: ArrayLike<number>
}

/** How values are put into buckets: `tensorflow`, so many of equal width, or with these limits. */
export type Bins = 'tensorflow' | number | readonly number[]

/** Buckets by their limits: each goes from the limit before, included, up to its own. */
type Buckets = Map<number, number>

/**
 * Counts values into buckets. `tensorflow` stands for buckets that grow by a tenth from 1e-12 on, and the same below zero, as TensorFlow and PyTorch have
 * them. Values that are not finite do not count; undefined if none is left.
 */
export function histogramOf(values: ArrayLike<number>, bins: Bins): RawHistogram | undefined {
  let [min, max, num, sum, sumSquares] = [Infinity, -Infinity, 0, 0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!Number.isFinite(value)) continue
    if (value < min) min = value
    if (value > max) max = value
    num++
    sum += value
    sumSquares += value * value
  }
  if (num === 0) return undefined
  if (typeof bins !== 'number' && bins !== 'tensorflow' && !Array.isArray(bins)) refuseBins(bins)
  const limits = typeof bins === 'number' ? equalLimits(min, max, bins) : bins
  const buckets = limits === 'tensorflow' ? growingBuckets(values) : bucketsWith(limits, values, max)
  return {
    min,
    max,
    num,
    sum,
    sumSquares,
    bucketLimits: [...buckets.keys()],
    bucketCounts: [...buckets.values()],
  }
}

/** Encodes a histogram. Empty buckets at both ends are left out: TensorBoard's Rust loader turns the first of them round. */
export function histogramContent(histogram: RawHistogram): ValueContent {
  const { min, max, num, sum, sumSquares, bucketLimits, bucketCounts } = histogram
  if (bucketLimits.length !== bucketCounts.length)
    fail(
      `a histogram has ${bucketLimits.length} \`bucketLimits\`, but ${bucketCounts.length} \`bucketCounts\`: there must be as many`,
    )
  const counts = Array.from(bucketCounts)
  const first = counts.findIndex((count) => count > 0)
  const end = counts.findLastIndex((count) => count > 0) + 1
  const message = new Message().double(1, min).double(2, max).double(3, num).double(4, sum)
  message.double(5, sumSquares)
  if (first >= 0)
    message.doubles(6, Array.from(bucketLimits).slice(first, end)).doubles(7, counts.slice(first, end))
  return (value) => value.message(5, message)
}

function equalLimits(min: number, max: number, bins: number): number[] {
  if (!Number.isSafeInteger(bins) || bins < 1) refuseBins(bins)
  if (min === max) return [max]
  // Not (max - min), which may be more than the largest number.
  return Array.from({ length: bins }, (_, i) => min * (1 - (i + 1) / bins) + max * ((i + 1) / bins))
}

function refuseBins(bins: unknown): never {
  fail(`\`bins\` must be 'tensorflow', a list of limits or a whole number of at least 1, not ${String(bins)}`)
}

/** Counts by limits. What is above the last belongs to the last bucket, if it is that limit, else to one more. */
function bucketsWith(limits: readonly number[], values: ArrayLike<number>, max: number): Buckets {
  if (limits.some((limit, i) => !(limit > (limits[i - 1] ?? -Infinity))))
    fail(`\`bins\` must be rising limits, not ${limits.join(', ')}`)
  const last = limits.at(-1) ?? -Infinity
  const all = max > last ? [...limits, max] : limits
  const counts = new Float64Array(all.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!Number.isFinite(value)) continue
    let low = 0
    let high = all.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (value < all[middle]!) high = middle
      else low = middle + 1
    }
    counts[low]!++
  }
  return new Map(all.map((limit, i) => [limit, counts[i]!]))
}

const smallest = 1e-12
const growth = 1.1
const logGrowth = Math.log(growth)

/** The lower end of a bucket by its number: 0 stands for those from 0 to 1e-12, -1 for those just below 0. */
function lowerEnd(bucket: number): number {
  if (bucket === 0) return 0
  return bucket > 0 ? smallest * growth ** (bucket - 1) : -smallest * growth ** (-bucket - 1)
}

/** Counts into buckets that grow, those that are in use and an empty one in each gap. */
function growingBuckets(values: ArrayLike<number>): Buckets {
  const counts = new Map<number, number>()
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!Number.isFinite(value)) continue
    const bucket = bucketOf(value)
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }
  const buckets: Buckets = new Map()
  let before: number | undefined
  for (const [bucket, count] of [...counts].toSorted(([a], [b]) => a - b)) {
    if (before !== undefined && bucket > before + 1) buckets.set(lowerEnd(bucket), 0)
    buckets.set(Math.min(lowerEnd(bucket + 1), Number.MAX_VALUE), count)
    before = bucket
  }
  return buckets
}

function bucketOf(value: number): number {
  const size = Math.abs(value)
  if (size < smallest) return value < 0 ? -1 : 0
  const guess = Math.floor(Math.log(size / smallest) / logGrowth)
  let bucket = value > 0 ? guess + 1 : -guess - 2
  // The logarithm is rounded; the ends of the buckets decide.
  while (value < lowerEnd(bucket)) bucket--
  while (value >= lowerEnd(bucket + 1)) bucket++
  return bucket
}
