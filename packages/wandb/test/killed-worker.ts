// Trains in a process of its own until it is killed, a row every other millisecond, and writes a line with the time for each: `node killed-worker.mjs <folder>`.
import { onSavePoint, TensorRefs, Trainer } from '@trainyard/core'
import { WandbLogger } from '../src/index.ts'

const refs = new TensorRefs()
const module = {
  optimizers: [{ learningRate: 0.1 }],
  trainBatch: (loss: number) => ({ outputs: { loss }, examples: 1 }),
  optimizerStep: () => {},
  tensor: (name: 'loss') => refs.get(name),
  getState: () => ({}),
  updateState: () => {},
}
const logger = new WandbLogger({ id: 'killed', mode: 'offline', dir: process.argv[2]!, stepFreq: 1 })
const tell = onSavePoint((state) => {
  process.stdout.write(`${state.step} ${Date.now()}\n`)
  return new Promise<void>((done) => setTimeout(done, 2))
})
await new Trainer({ module, data: [1, 2, 3], maxSteps: 1_000_000, callbacks: [tell, logger] }).train()
