// Trains something small, slowly, and logs every step; goes on from its checkpoint if there is one. Prints each step:
// `node train.mjs <directory> <checkpoint> <steps>`.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { onSavePoint, onStepEnd, TensorRefs, Trainer } from '@trainyard/core'
import { SummaryWriter, TensorboardLogger } from '@trainyard/tensorboard'

const [directory, file, maxSteps] = process.argv.slice(2)
const refs = new TensorRefs()
let updates = 0
const module = {
  optimizers: [{ learningRate: 0.1 }],
  trainBatch: (batch) => ({ outputs: { loss: batch / (updates + 1) }, examples: 1 }),
  optimizerStep: () => void (updates += 1),
  tensor: (name) => refs.get(name),
  getState: () => ({ updates }),
  updateState: (state) => void (updates = state.updates),
}

const logger = new TensorboardLogger(new SummaryWriter(directory, { flushSecs: 0.1 }), {
  stepFreq: 1,
  hparams: { lr: 0.1 },
})
const slow = onStepEnd((state) => {
  console.log(state.step)
  return new Promise((done) => setTimeout(done, 40))
})
const save = onSavePoint(async (state, trainer) => {
  if (state.step % 10 !== 0) return
  writeFileSync(`${file}.new`, JSON.stringify(await trainer.getState()))
  renameSync(`${file}.new`, file)
})
const trainer = new Trainer({
  module,
  data: [1, 2, 3, 4, 5],
  maxSteps: Number(maxSteps),
  callbacks: [slow, save, logger],
})
if (existsSync(file)) await trainer.updateState(JSON.parse(readFileSync(file, 'utf8')))
await trainer.train()
