import { encode } from 'fast-png'
import { fail } from './errors.ts'
import { jsonText } from './json-text.ts'

/** A file that goes with a row. */
export interface MediaFile {
  readonly folder: string
  readonly extension: string
  readonly content: Uint8Array
}

/** Something to show that is no number: what the row says about it, and the files that go with it. */
export class Media {
  readonly files: readonly MediaFile[]
  readonly #describe: (stored: readonly StoredFile[]) => object

  constructor(files: readonly MediaFile[], describe: (stored: readonly StoredFile[]) => object) {
    this.files = files
    this.#describe = describe
  }

  /** Gives what stands in the row. */
  describe(stored: readonly StoredFile[]): object {
    return this.#describe(stored)
  }
}

/** A file where it went. */
export interface StoredFile {
  readonly path: string
  readonly sha256: string
  readonly size: number
}

/** Pixels row by row, from the top left. */
export interface Pixels {
  /** From 0 to 255, or floats from 0 to 1 in a `Float32Array` or `Float64Array`; channels next to each other. */
  readonly data: ArrayLike<number>
  readonly width: number
  readonly height: number
}

/** An image, and what stands below it. */
export interface ImageSource extends Pixels {
  readonly caption?: string
}

/** Makes images of pixels, with 1 to 4 channels each: grey, grey and alpha, RGB, RGBA. */
export function images(sources: readonly ImageSource[]): Media {
  const files = sources.map((source) => ({ folder: 'images', extension: 'png', content: pngOf(source) }))
  const [first] = sources
  if (!first) fail('`images` needs at least one image')
  const { width, height } = first
  const captions = sources.map(({ caption }) => caption)
  return new Media(files, (stored) => {
    const [only] = stored
    if (stored.length === 1)
      return {
        _type: 'image-file',
        ...only,
        format: 'png',
        width,
        height,
        ...(captions[0] && { caption: captions[0] }),
      }
    const filenames = stored.map(({ path }) => path)
    return {
      _type: 'images/separated',
      format: 'png',
      width,
      height,
      count: stored.length,
      filenames,
      ...(captions.some(Boolean) && { captions: captions.map((caption) => caption ?? '') }),
    }
  })
}

function pngOf({ data, width, height }: Pixels): Uint8Array {
  const channels = data.length / (width * height)
  const areSizes = Number.isSafeInteger(width) && Number.isSafeInteger(height) && width > 0 && height > 0
  if (!areSizes || ![1, 2, 3, 4].includes(channels))
    fail(`an image needs width x height x 1, 2, 3 or 4 values, not ${data.length} for ${width} x ${height}`)
  const isFloat = data instanceof Float32Array || data instanceof Float64Array
  const bytes = isFloat ? Uint8ClampedArray.from(data, (value) => value * 255) : Uint8ClampedArray.from(data)
  return encode({ data: bytes, width, height, channels })
}

/** Makes an image of pixels. */
export function image(source: ImageSource): Media {
  return images([source])
}

/** Counts numbers in bins of equal width; those that are not finite do not count. */
export function histogram(values: Iterable<number>, bins = 64): Media {
  if (!Number.isInteger(bins) || bins < 1 || bins > 512)
    fail(`\`bins\` must be a whole number from 1 to 512, not ${bins}`)
  const finite = Float64Array.from(values).filter(Number.isFinite)
  let [low, high] = [Infinity, -Infinity]
  for (const value of finite) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (finite.length === 0) [low, high] = [0, 1]
  // All are the same: a bin needs a width.
  else if (low === high) [low, high] = [low - 0.5, high + 0.5]
  const counts = Array.from({ length: bins }, () => 0)
  // Halves first: the width of all may be more than a number can be.
  const width = high / bins - low / bins
  for (const value of finite) counts[Math.min(bins - 1, Math.floor(value / width - low / width))]! += 1
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + i * width))
  return new Media([], () => ({ _type: 'histogram', values: counts, bins: edges }))
}

/** Makes a table. A cell may be a number, a text, or anything that JSON has. */
export function table(columns: readonly string[], rows: readonly (readonly unknown[])[]): Media {
  const wrong = rows.findIndex((row) => row.length !== columns.length)
  if (wrong >= 0)
    fail(`row ${wrong} of a table has ${rows[wrong]!.length} cells, but there are ${columns.length} columns`)
  const content = Buffer.from(jsonText({ columns, data: rows })!)
  const file = { folder: 'table', extension: 'table.json', content }
  return new Media([file], ([stored]) => ({
    _type: 'table-file',
    ncols: columns.length,
    nrows: rows.length,
    ...stored,
  }))
}

/** Makes a panel of a text, shown as it is. */
export function text(content: string): Media {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const html = `<!doctype html><meta charset="utf-8"><pre style="white-space: pre-wrap">${escaped}</pre>\n`
  const file = { folder: 'html', extension: 'html', content: Buffer.from(html) }
  return new Media([file], ([stored]) => ({ _type: 'html-file', ...stored }))
}
