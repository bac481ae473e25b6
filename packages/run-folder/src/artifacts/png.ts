import { crc32, deflateSync } from 'node:zlib'
import { fail } from '../errors.ts'

/** Pixels, row by row, from the top. */
export interface Image {
  readonly width: number
  readonly height: number
  /** 1: grey, 3: red, green, blue, 4: and opacity. Default: as the number of bytes tells. */
  readonly channels?: 1 | 3 | 4 | undefined
  /** A byte a channel, 0 to 255. */
  readonly data: Uint8Array | Uint8ClampedArray
}

const colorTypes = { 1: 0, 3: 2, 4: 6 } as const

/** Writes a PNG file: a header, one compressed block of rows without filters, an end (W3C, Portable Network Graphics, chapters 5 and 11). */
export function pngBytes({
  width,
  height,
  data,
  channels = (data.length / (width * height)) as 1,
}: Image): Uint8Array {
  if (!(channels in colorTypes) || data.length !== width * height * channels)
    fail(`an image of ${width} x ${height} needs 1, 3 or 4 bytes a pixel; there are ${data.length} bytes`)
  const stride = width * channels
  const rows = Buffer.alloc(height * (stride + 1))
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, colorTypes[channels]], 8)
  const signature = Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1')
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}
