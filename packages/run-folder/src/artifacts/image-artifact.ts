import { writeFile } from 'node:fs/promises'
import { encode } from 'fast-png'
import { check, fail } from '../errors.ts'
import { Artifact } from './artifact.ts'

/** Pixels, row by row, from the top. */
export interface Image {
  readonly width: number
  readonly height: number
  /** 1: grey, 3: red, green, blue, 4: and opacity. Default: as the number of bytes tells. */
  readonly channels?: 1 | 3 | 4 | undefined
  /** A byte a channel, 0 to 255. */
  readonly data: Uint8Array | Uint8ClampedArray
}

/** A picture, as a PNG file. */
export class ImageArtifact extends Artifact {
  readonly type = 'Image'
  readonly extension = '.png'
  readonly #png: Uint8Array

  /** @throws if there are not `width * height * channels` bytes. */
  constructor({ width, height, data, channels = (data.length / (width * height)) as 1 }: Image) {
    super()
    for (const [option, size] of Object.entries({ width, height }))
      check(Number.isSafeInteger(size) && size > 0, option, 'a whole number from 1', size)
    if (![1, 3, 4].includes(channels) || data.length !== width * height * channels)
      fail(`an image of ${width} x ${height} needs 1, 3 or 4 bytes a pixel; there are ${data.length} bytes`)
    this.#png = encode({ width, height, channels, data })
  }

  override write(path: string): Promise<void> {
    return writeFile(path, this.#png)
  }
}
