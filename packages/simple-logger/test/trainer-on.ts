import { Trainer, type TrainerOptions } from '@trainyard/core'
import { type OutputStream, ProgressBar, type ProgressBarOptions } from '@trainyard/simple-logger'
import { losses, ToyHost, ToyModule, type ToyOutputs, ToyTerminal } from './toy.ts'

type Options = Partial<TrainerOptions<number, ToyOutputs>> & { msPerBatch?: number; host?: ToyHost }

/** Makes a trainer of the toy with a bar on a stream. */
export function trainerOn(
  stream: OutputStream,
  options: Options,
  bar: ProgressBarOptions<'loss' | 'accuracy'> = {},
): Trainer<number, ToyOutputs> {
  const { host = new ToyHost(), msPerBatch = 100, callbacks = [], ...others } = options
  const module = new ToyModule(host, msPerBatch)
  const live = stream instanceof ToyTerminal
  return new Trainer<number, ToyOutputs>({
    module,
    data: losses(10),
    host,
    ...others,
    callbacks: [...callbacks, new ProgressBar({ stream, live, ...bar })],
  })
}
