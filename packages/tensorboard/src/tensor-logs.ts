import type { HostTensor, TensorRef, TrainerState } from '@trainyard/core'
import type { SummaryWriter } from '@trainyard/tensorboard-plugin-writer'
import { list, wholeNumber } from './options.ts'

/** Outputs of the module that are more than a number, by name or reference. */
export interface TensorLogsOptions {
  /** Images: [height, width], [height, width, channels], or a batch of the latter; floats from 0 to 1, integers from 0 to 255. */
  imagesToLog?: readonly (string | TensorRef)[]
  /** Sound, from -1 to 1: [frames], or a batch, [clips, frames] or [clips, frames, channels]. */
  audioToLog?: readonly (string | TensorRef)[]
  /** Distributions of all values, whatever the shape. */
  histogramsToLog?: readonly (string | TensorRef)[]
  /** Of a batch, so many images or clips. Default: 4. */
  examplesToLog?: number
  /** Frames a second of the sound. Default: 44100. */
  sampleRate?: number
}

/** Writes the outputs of a batch that are images, sound, or to be seen as a distribution. */
export class TensorLogs {
  readonly #wanted: readonly (readonly [kind: 'images' | 'audio' | 'histograms', name: string | TensorRef])[]
  readonly #examples: number
  readonly #sampleRate: number

  constructor(options: TensorLogsOptions) {
    const { imagesToLog = [], audioToLog = [], histogramsToLog = [] } = options
    const { examplesToLog = 4, sampleRate = 44_100 } = options
    for (const [option, names] of Object.entries({ imagesToLog, audioToLog, histogramsToLog }))
      list(option, names)
    wholeNumber('examplesToLog', examplesToLog, 1)
    wholeNumber('sampleRate', sampleRate, 1)
    this.#wanted = [
      ...imagesToLog.map((name) => ['images', name] as const),
      ...audioToLog.map((name) => ['audio', name] as const),
      ...histogramsToLog.map((name) => ['histograms', name] as const),
    ]
    this.#examples = examplesToLog
    this.#sampleRate = sampleRate
  }

  get areWanted(): boolean {
    return this.#wanted.length > 0
  }

  /** @throws if an output is not there, with those that are: at the first step, not at the first that is logged. */
  check({ tensors }: TrainerState): void {
    for (const [, name] of this.#wanted) tensors.getTensor(name as string)
  }

  async write({ tensors, step }: TrainerState, writer: SummaryWriter): Promise<void> {
    for (const [kind, name] of this.#wanted) {
      const tensor = await tensors.read(name as string)
      const tag = typeof name === 'string' ? name : name.name
      if (kind === 'histograms') writer.addHistogram(tag, tensor, step)
      else if (kind === 'images') this.#writeImages(writer, tag, tensor, step)
      else this.#writeAudio(writer, tag, tensor, step)
    }
  }

  #writeImages(writer: SummaryWriter, tag: string, tensor: HostTensor, step: number): void {
    const isBatch = tensor.shape.length === 4
    if (isBatch) writer.addImages(tag, firstOf(tensor, this.#examples), step)
    else writer.addImage(tag, tensor, step)
  }

  #writeAudio(writer: SummaryWriter, tag: string, tensor: HostTensor, step: number): void {
    const isBatch = tensor.shape.length > 1
    const sound = isBatch ? firstOf(tensor, this.#examples) : tensor
    writer.addAudio(tag, sound, step, { sampleRate: this.#sampleRate })
  }
}

/** Gives the first examples of a batch. */
function firstOf({ shape, data }: HostTensor, count: number): HostTensor {
  const [all = 0, ...rest] = shape
  const kept = Math.min(all, count)
  const size = rest.reduce((product, length) => product * length, kept)
  return { shape: [kept, ...rest], data: data.subarray(0, size) }
}
