import type { LoggedData } from '@trainyard/tensorboard-plugin-writer'
import type { Histogram } from '../protocol.ts'

/** Gives the images of a value, in the older form of one each, and in that of a batch; none if it is none. */
export function imagesOf(data: LoggedData, plugin: string): readonly Uint8Array[] {
  if (data.kind === 'image') return [data.encoded]
  // Width and height as texts, then the images.
  return data.kind === 'strings' && plugin === 'images' ? data.strings.slice(2) : []
}

/** Gives the histogram of a value, in the older form and in that of a tensor; undefined if it is none. */
export function histogramOf(data: LoggedData, plugin: string): Histogram | undefined {
  if (data.kind === 'histogram') {
    const { limits, counts, min, max } = data
    // The first bucket has no beginning of its own, and the last no end.
    const ends = limits.map((limit) => Math.min(limit, max))
    return bucketsOf(
      ends.map((end, i) => [i === 0 ? Math.min(min, end) : Math.max(min, ends[i - 1]!), end, counts[i]!]),
    )
  }
  if (data.kind !== 'numbers' || plugin !== 'histograms' || data.shape[1] !== 3) return undefined
  const { numbers } = data
  return bucketsOf(
    Array.from({ length: data.shape[0]! }, (_, i) => [
      numbers[3 * i]!,
      numbers[3 * i + 1]!,
      numbers[3 * i + 2]!,
    ]),
  )
}

function bucketsOf(buckets: readonly (readonly [from: number, to: number, count: number])[]): Histogram {
  return {
    from: buckets.map(([from]) => from),
    to: buckets.map(([, to]) => to),
    counts: buckets.map(([, , count]) => count),
  }
}

/** Tells what an image is by its first bytes; undefined for anything that a browser should not be given as one. */
export function imageType(bytes: Uint8Array): string | undefined {
  const begins = (...first: number[]): boolean => first.every((byte, i) => bytes[i] === byte)
  if (begins(0x89, 0x50, 0x4e, 0x47)) return 'image/png'
  if (begins(0xff, 0xd8, 0xff)) return 'image/jpeg'
  return begins(0x47, 0x49, 0x46, 0x38) ? 'image/gif' : undefined
}
