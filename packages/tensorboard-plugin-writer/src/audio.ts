import { type ArrayData, flatArray } from './array-data.ts'
import { fail } from './errors.ts'
import { Message } from './message.ts'
import { type ValueContent, tensorContent } from './summary-value.ts'
import { stringTensor } from './tensor-message.ts'

/** Samples of one clip, channels side by side. */
interface Clip {
  readonly frames: number
  readonly channels: number
  readonly samples: Int16Array
}

/**
 * Encodes sound, samples from -1 to 1, as 16-bit WAV. @param sound [frames], [clips, frames] or [clips, frames, channels].
 * @param sampleRate Frames a second.
 */
export function audioContent(what: string, sound: ArrayData, sampleRate: number): ValueContent {
  if (!Number.isSafeInteger(sampleRate) || sampleRate < 1)
    fail(`\`sampleRate\` must be a whole number of at least 1, not ${sampleRate}`)
  const clips = clipsOf(what, sound)
  const files = clips.map((clip) => encodeWav(clip, sampleRate))
  if (clips.length !== 1) return tensorContent(stringTensor(files, [files.length]))
  const { channels, frames } = clips[0]!
  const audio = new Message().float(1, sampleRate).int(2, channels).int(3, frames)
  audio.bytesField(4, files[0]!).string(5, 'audio/wav')
  return (value) => value.message(6, audio)
}

function clipsOf(what: string, sound: ArrayData): Clip[] {
  const { shape, data } = flatArray(what, sound)
  if (shape.length < 1 || shape.length > 3)
    fail(
      `${what} has the shape [${shape.join(', ')}]; it must be [frames], [clips, frames] or [clips, frames, channels]`,
    )
  const [count, frames, channels = 1] =
    shape.length === 1 ? [1, shape[0]!] : (shape as [number, number, number?])
  const size = frames * channels
  return Array.from({ length: count }, (_, clip) => {
    const samples = new Int16Array(size)
    for (let i = 0; i < size; i++)
      samples[i] = Math.round(Math.min(Math.max(data[clip * size + i]!, -1), 1) * 32_767)
    return { frames, channels, samples }
  })
}

function encodeWav({ channels, samples }: Clip, sampleRate: number): Uint8Array {
  const size = samples.length * 2
  const file = Buffer.alloc(44 + size)
  file.write('RIFF', 0, 'latin1')
  file.writeUInt32LE(36 + size, 4)
  file.write('WAVEfmt ', 8, 'latin1')
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20) // uncompressed
  file.writeUInt16LE(channels, 22)
  file.writeUInt32LE(sampleRate, 24)
  file.writeUInt32LE(sampleRate * channels * 2, 28)
  file.writeUInt16LE(channels * 2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36, 'latin1')
  file.writeUInt32LE(size, 40)
  for (let i = 0; i < samples.length; i++) file.writeInt16LE(samples[i]!, 44 + 2 * i)
  return file
}
