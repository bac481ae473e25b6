// Trains with the logger, offline in two lives and once through @wandb/sdk, and gives what the check compares: a line of JSON.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onStepEnd, TensorRefs, Trainer } from '@trainyard/core'
import { histogram, image, table, WandbLogger } from '@trainyard/wandb'

const [folder] = process.argv.slice(2)
const rows = 20_000
const sdkRows = 500
const half = rows / 2

const checkpoint = await offline(half)
await offline(rows, checkpoint)
await train(
  [new WandbLogger({ id: 'sdk', client: 'sdk', dir: folder, stepFreq: 1, logEpochs: false })],
  sdkRows,
)
console.log(JSON.stringify({ rows, sdkRows }))

function offline(maxSteps, from) {
  const logger = new WandbLogger({
    id: 'offline',
    wandbName: 'Offline',
    wandbProject: 'interop',
    mode: 'offline',
    dir: folder,
    stepFreq: 1,
    console: true,
    systemMetrics: true,
    logModel: true,
    tags: ['a', 'b'],
    notes: 'two lives',
    config: { lr: 0.1, layers: [64, 32], name: 'ü' },
  })
  const extras = onStepEnd(async ({ step }, trainer) => {
    if (step === 7) console.log('a line that is printed')
    if (step === 9)
      logger.log({
        notANumber: NaN,
        large: 'x'.repeat(100_000),
        picture: image({ data: [0, 128, 255, 64], width: 2, height: 2 }),
        weights: histogram([1, 2, 3, 4]),
        answers: table(['a', 'b'], [[1, 'two']]),
      })
    if (step === half) {
      const path = join(folder, 'checkpoint')
      mkdirSync(path, { recursive: true })
      writeFileSync(join(path, 'model.safetensors'), 'weights')
      await trainer.emit('onCheckpoint', { path, step })
    }
  })
  return train([extras, logger], maxSteps, from)
}

async function train(callbacks, maxSteps, from) {
  const refs = new TensorRefs()
  const module = {
    optimizers: [{ learningRate: 0.1 }],
    trainBatch: (loss) => ({ outputs: { loss }, examples: 1 }),
    optimizerStep() {},
    tensor: (output) => refs.get(output),
    getState: () => ({}),
    updateState() {},
  }
  const data = Array.from({ length: rows + 1 }, (_, i) => 1 / (i + 1))
  const trainer = new Trainer({ module, data, maxSteps, callbacks })
  if (from) await trainer.updateState(from)
  await trainer.train()
  return trainer.getState()
}
