import { encode } from 'fast-png'
import { type ArrayData, flatArray } from './array-data.ts'
import { fail } from './errors.ts'
import { Message } from './message.ts'
import { type ValueContent, tensorContent } from './summary-value.ts'
import { stringTensor } from './tensor-message.ts'

/** The order of an image's dimensions: height, width, channels. */
export type ImageFormat = 'HWC' | 'CHW' | 'HW'
/** The same of a batch. */
export type ImagesFormat = 'NHWC' | 'NCHW' | 'NHW'

/** Pixels of one image, row by row, channels side by side: grey, grey and alpha, RGB or RGBA. */
interface Pixels {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly data: Uint8ClampedArray
}

/** Makes pixels of an image or a batch of them; there may be more dimensions in `format` than in the data if the last is C. */
export function pixelsOf(what: string, image: ArrayData, format: ImageFormat | ImagesFormat): Pixels[] {
  const { shape, data, isInteger } = flatArray(what, image)
  const axes = shape.length === format.length - 1 && format.endsWith('C') ? format.slice(0, -1) : format
  const has = `has the shape [${shape.join(', ')}]`
  if (shape.length !== axes.length) fail(`${what} ${has}, which is not ${format}; set \`dataformats\``)
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  const size = (axis: string): number => shape[axes.indexOf(axis)] ?? 1
  const stride = (axis: string): number => strides[axes.indexOf(axis)] ?? 0
  const [count, height, width, channels] = ['N', 'H', 'W', 'C'].map(size) as [number, number, number, number]
  if (channels < 1 || channels > 4)
    fail(`${what} ${has}, as ${axes}, so ${channels} channels: there must be 1 to 4; set \`dataformats\``)
  if (height < 1 || width < 1) fail(`${what} ${has}: an image must have at least one pixel`)
  const [n, h, w, c] = ['N', 'H', 'W', 'C'].map(stride) as [number, number, number, number]
  const scale = isInteger ? 1 : 255
  return Array.from({ length: count }, (_, i) => {
    // Rounds, and keeps to 0 … 255; NaN becomes 0.
    const pixels = new Uint8ClampedArray(height * width * channels)
    let at = 0
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let channel = 0; channel < channels; channel++)
          pixels[at++] = Number(data[i * n + y * h + x * w + channel * c]) * scale
    return { width, height, channels, data: pixels }
  })
}

/** Encodes one image in the older form, which every reader of event files knows. */
export function imageContent(pixels: Pixels): ValueContent {
  const { width, height, channels } = pixels
  const message = new Message().int(1, height).int(2, width).int(3, channels)
  message.bytesField(4, encode(pixels))
  return (value) => value.message(4, message)
}

/** Encodes a batch: TensorBoard shows it as one tag, with a slider. */
export function imagesContent(batch: readonly Pixels[]): ValueContent {
  const { width, height } = batch[0] ?? { width: 0, height: 0 }
  const strings = [String(width), String(height), ...batch.map((pixels) => encode(pixels))]
  return tensorContent(stringTensor(strings, [strings.length]))
}
