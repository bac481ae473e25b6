import { crc32, deflateSync } from 'node:zlib'
import { fail } from './errors.ts'

/** Pixels row by row, from the top left. */
export interface Pixels {
  /** From 0 to 255, or floats from 0 to 1; channels next to each other. */
  readonly data: ArrayLike<number>
  readonly width: number
  readonly height: number
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** How PNG calls an image of so many channels: grey, grey and alpha, RGB, RGBA. */
const colorTypes = [0, 0, 4, 2, 6]

/** Encodes an image of 1 to 4 channels as PNG. */
export function encodePng({ data, width, height }: Pixels): Buffer {
  const channels = data.length / (width * height)
  if (!(width > 0 && height > 0 && [1, 2, 3, 4].includes(channels)))
    fail(`an image needs width x height x 1, 2, 3 or 4 values, not ${data.length} for ${width} x ${height}`)
  const isFloat = data instanceof Float32Array || data instanceof Float64Array
  const bytes = isFloat ? Uint8ClampedArray.from(data, (value) => value * 255) : Uint8ClampedArray.from(data)
  const stride = width * channels
  const rows = Buffer.alloc(height * (stride + 1))
  for (let y = 0; y < height; y++)
    rows.set(bytes.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  header[9] = colorTypes[channels]!
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(named), 4)
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)])
}
