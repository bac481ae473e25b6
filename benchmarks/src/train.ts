// What training through the trainer costs, and gains, over other ways to train the same network with
// TensorFlow.js: the quickstart's network, batch size, optimizer and backend. Each way has a network of its
// own with the same initial weights, sees the same batches in the same order, lowers the same loss (softmax
// cross-entropy of logits and one-hot targets), updates with Adam, and computes no metrics. Data are made up,
// with the shape of MNIST.
import * as tf from '@tensorflow/tfjs'
import { type DataSource, single, Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { adam, crossEntropy, type LayersBatch, layersModule, useBackend, withRandom } from '@trainyard/tfjs'
import { below, quick, report, say } from './harness/figures.ts'
import { estimateText, interleave, median, ratio } from './harness/timing.ts'

const settings = {
  blocks: quick ? 3 : 60,
  warmUp: quick ? 1 : 5,
  steps: quick ? 10 : 40, // a block is one epoch
  maxSeconds: 180,
  batchSize: 64,
  hidden: 128,
  learningRate: 1e-4, // a tenth of the quickstart's, see wrongLabels
  // A network that knows all of so few examples by heart computes with denormal numbers, which are slow.
  wrongLabels: 0.2,
  seed: 1,
  bars: { handWritten: 1.02, fit: 1 },
}
const { batchSize, hidden, learningRate, seed, steps } = settings
const pixels = 784
const classes = 10
const examples = steps * batchSize

// Data: of each class a pattern, with noise, four fifths black as in MNIST.
const images = new Float32Array(examples * pixels)
const labels = new Float32Array(examples * classes)
withRandom({ seed }, () => {
  const patterns = Array.from({ length: classes * pixels }, () => (Math.random() < 0.2 ? Math.random() : 0))
  for (let i = 0; i < examples; i++) {
    const shown = Math.floor(Math.random() * classes)
    for (let p = 0; p < pixels; p++) images[i * pixels + p] = patterns[shown * pixels + p]! * Math.random()
    const told = Math.random() < settings.wrongLabels ? Math.floor(Math.random() * classes) : shown
    labels[i * classes + told] = 1
  }
})

// The three forms in which the ways below take them: all of it on the host, all of it as tensors, and batches
// as tensors.
await useBackend('wasm', console.error)
const columns = {
  xs: { data: images, shape: [examples, pixels] },
  ys: { data: labels, shape: [examples, classes] },
}
const all = { xs: tf.tensor2d(images, [examples, pixels]), ys: tf.tensor2d(labels, [examples, classes]) }
const batches = Array.from({ length: steps }, (_, i) => ({
  xs: tf.slice(all.xs, i * batchSize, batchSize),
  ys: tf.slice(all.ys, i * batchSize, batchSize),
}))

function network(): tf.Sequential {
  return withRandom({ seed }, () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: hidden, activation: 'relu', inputShape: [pixels] }),
        tf.layers.dense({ units: hidden / 2, activation: 'relu' }),
        tf.layers.dense({ units: classes }),
      ],
    }),
  )
}

function loss(targets: tf.Tensor, logits: tf.Tensor): tf.Scalar {
  return tf.losses.softmaxCrossEntropy(targets, logits).asScalar()
}

/** A way to train: the network, and what does one epoch. */
interface Way {
  readonly model: tf.LayersModel
  epoch(): unknown
}

function moduleOf(model: tf.LayersModel) {
  return layersModule({ model, loss: crossEntropy, optimizer: adam({ learningRate }), seed })
}

/** The trainer without callbacks. */
function throughTrainer(data: DataSource<LayersBatch>): Way {
  const model = network()
  const module = moduleOf(model)
  return { model, epoch: () => new Trainer({ module, data, maxEpochs: 1 }).train() }
}

/**
 * A loop by hand over the same kind of module and optimizer. It frees what a step leaves, but looks at
 * nothing.
 */
function handWritten(): Way {
  const model = network()
  const module = moduleOf(model)
  const strategy = single()
  const epoch = (): void => {
    for (const [step, batch] of batches.entries()) {
      const result = module.trainBatch(batch, { step, epoch: 0, batch: step, rank: 0 })
      const context = { step, epoch: 0, batches: 1, examples: result.examples } as const
      module.optimizerStep({ ...context, stop: false, nonFinite: 'throw', strategy })
      tf.dispose(result.outputs)
    }
  }
  return { model, epoch }
}

/**
 * The loop of most TensorFlow.js programs, with the optimizer of TensorFlow.js. It never looks at the loss.
 */
function minimize(): Way {
  const model = network()
  const optimizer = tf.train.adam(learningRate)
  // By default it would update the variables of the whole process, those of the other ways too.
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable)
  const epoch = (): void => {
    for (const { xs, ys } of batches)
      optimizer.minimize(() => loss(ys, model.apply(xs, { training: true }) as tf.Tensor), false, variables)
  }
  return { model, epoch }
}

/** `LayersModel.fit`, which cuts its own batches out of two large tensors. */
function fit(yieldEvery: 'auto' | 'never'): Way {
  const model = network()
  model.compile({ optimizer: tf.train.adam(learningRate), loss })
  const epoch = () =>
    model.fit(all.xs, all.ys, { batchSize, epochs: 1, shuffle: false, verbose: 0, yieldEvery })
  return { model, epoch }
}

const ways = {
  // Over batches that are tensors already: nothing but the steps.
  trainer: throughTrainer(batches),
  hand: handWritten(),
  minimize: minimize(),
  // Over all of the data, batches to be cut out of it: the trainer from arrays on the host through a loader,
  // fit from tensors.
  loader: throughTrainer(loader(columns, { batchSize })),
  fit: fit('auto'),
  fitNever: fit('never'),
}
type Name = keyof typeof ways

const epochs = Object.entries<Way>(ways).map(([name, { epoch }]) => [name, epoch])
const times = await interleave(Object.fromEntries(epochs) as Record<Name, () => unknown>, settings)

// Whether all did the same work: bit for bit where it is the same optimizer, nearly where it is not
// (TensorFlow.js adds another epsilon, elsewhere).
const losses = Object.entries<Way>(ways).map(([name, { model }]) => {
  const [final] = tf.tidy(() => loss(all.ys, model.predict(all.xs) as tf.Tensor)).dataSync()
  return [name, final!] as const
})
const finalLoss = Object.fromEntries(losses) as Record<Name, number>
say(`losses at the end: ${losses.map(([name, value]) => `${name} ${value.toFixed(4)}`).join(', ')}`)
if (finalLoss.trainer !== finalLoss.hand || finalLoss.loader !== finalLoss.hand)
  throw new Error(
    'the trainer and the hand-written loop came to different weights: they did not do the same work',
  )

say(`CPU time in µs a step over ${times.hand.length} rounds of ${steps} steps; ratios with 95 % intervals`)
for (const [name, values] of Object.entries(times))
  say(`${name.padEnd(8)} median ${median(values).toFixed(0)}, least ${Math.min(...values).toFixed(0)}`)

const unit = 'µs/step'
for (const [name, figure] of [
  ['hand', 'hand-written loop'],
  ['minimize', 'optimizer.minimize loop'],
  ['fit', 'LayersModel.fit'],
  ['fitNever', "LayersModel.fit, yieldEvery: 'never'"],
] as const)
  report('train', { figure, value: median(times[name]), unit })
compare('trainer', 'hand', 'trainer', 'hand-written loop', { lowerEnd: settings.bars.handWritten })
compare('trainer', 'minimize', 'trainer', 'optimizer.minimize loop')
compare('loader', 'fit', 'trainer with a loader', 'LayersModel.fit', { ratio: settings.bars.fit })
compare('loader', 'fitNever', 'trainer with a loader', "LayersModel.fit, yieldEvery: 'never'")

/**
 * Reports how the times of two ways compare, and holds the ratio or the lower end of its interval to a bar.
 */
function compare(
  ours: Name,
  theirs: Name,
  figure: string,
  against: string,
  bars: { ratio?: number; lowerEnd?: number } = {},
): void {
  const { value, low, high } = ratio(times[ours], times[theirs])
  say(`${`${figure} / ${against}`.padEnd(60)} ${estimateText({ value, low, high })}`)
  const bar = (limit: number | undefined, held: number) =>
    limit === undefined ? {} : { bar: below(limit, 'x', held) }
  const time = median(times[ours])
  report('train', { figure, value: time, unit, ratio: value, against, ...bar(bars.ratio, value) })
  const ends = { against, unit: 'x' }
  report('train', { figure: `${figure}, ratio, lower end`, value: low, ...ends, ...bar(bars.lowerEnd, low) })
  report('train', { figure: `${figure}, ratio, upper end`, value: high, ...ends })
}
