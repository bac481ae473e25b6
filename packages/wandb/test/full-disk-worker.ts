// Trains offline in a process of its own, whose files may not grow beyond a limit that the caller sets: `node full-disk-worker.mjs <folder>`.
import { TensorRefs, Trainer } from '@trainyard/core'
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
const logger = new WandbLogger({ id: 'full', mode: 'offline', dir: process.argv[2]!, stepFreq: 1 })
const { step } = await new Trainer({ module, data: [1, 2, 3], maxSteps: 5000, callbacks: [logger] }).train()
console.log(`${step} steps`)
