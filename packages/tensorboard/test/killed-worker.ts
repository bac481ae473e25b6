// Trains in a process of its own until it is killed, slowly, and saves often: `node killed-worker.mjs <directory> <checkpoint>`. It goes on from the checkpoint if
// there is one, and writes a line for each step.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { onSavePoint, onStepEnd, Trainer } from '@trainyard/core'
import { SummaryWriter, TensorboardLogger } from '../src/index.ts'
import { batches, ToyModule } from './toy-module.ts'

const [directory, file, maxSteps] = process.argv.slice(2) as [string, string, string]
const logger = new TensorboardLogger(new SummaryWriter(directory), { stepFreq: 1, logEpochs: false })
const tell = onStepEnd((state) => {
  process.stdout.write(`${state.step}\n`)
  return new Promise<void>((done) => setTimeout(done, 1))
})
const save = onSavePoint(async (state, trainer) => {
  if (state.step % 4 !== 0) return
  writeFileSync(`${file}.new`, JSON.stringify(await trainer.getState()))
  renameSync(`${file}.new`, file)
})
const run = new Trainer({
  module: new ToyModule(),
  data: batches,
  maxSteps: Number(maxSteps),
  callbacks: [tell, save, logger],
})
if (existsSync(file)) await run.updateState(JSON.parse(readFileSync(file, 'utf8')) as never)
await run.train()
