// Logs every kind of data that there is, below a directory: `node every-kind.mjs <directory>`.
import * as tf from '@tensorflow/tfjs'
import { SummaryWriter } from '@trainyard/tensorboard-plugin-writer'

const directory = process.argv[2]
const options = { onError: 'throw' }

const writer = new SummaryWriter(`${directory}/all`, options)
writer.addCustomScalars({ Losses: { 'train and val': ['both/train', 'both/val'] } })
for (let step = 1; step <= 5; step++) {
  writer.addScalar('loss', 1 / step, step, { description: 'the **loss**' })
  writer.addScalars('both', { train: 1 / step, val: 2 / step }, step)
  writer.sub('val').addScalar('loss', 2 / step, step)
  writer.addHistogram(
    'weights',
    Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) * step),
    step,
  )
  writer.addHistogram('constant', [3, 3, 3], step, { bins: 10 })
}
for (const [i, value] of [NaN, Infinity, -Infinity].entries())
  writer.addScalar('odd/not finite', value, i + 1)
for (const tag of ['with space', 'ünïcödé 🚂', 'a/b/c']) writer.addScalar(tag, 1, 1)
writer.addScalar('', 1, 1)
writer.addScalar('far', 1, 2 ** 40)
writer.addHistogramRaw(
  'raw',
  {
    min: 1,
    max: 3,
    num: 5,
    sum: 10,
    sumSquares: 22,
    bucketLimits: [0, 1, 2, 3, 4],
    bucketCounts: [0, 0, 4, 1, 0],
  },
  1,
)
writer.addImage('image', { shape: [4, 6, 3], data: Float32Array.from({ length: 72 }, (_, i) => i / 72) }, 1)
writer.addImages('batch', { shape: [3, 4, 4, 1], data: Uint8Array.from({ length: 48 }, (_, i) => 5 * i) }, 2)
const sine = Float32Array.from({ length: 800 }, (_, i) => Math.sin(i / 10))
writer.addAudio('sound', sine, 1, { sampleRate: 8000 })
writer.addAudio('clips', { shape: [2, 400], data: sine }, 1, { sampleRate: 8000 })
writer.addText('note', 'some **bold** text', 1)
writer.addText(
  'table',
  [
    ['name', 'value'],
    ['lr', '0.1'],
  ],
  1,
)
writer.addPrCurve('pr', [1, 1, 0, 0], [0.9, 0.4, 0.6, 0.1], 1, { numThresholds: 200 })
writer.addGraph(
  tf.sequential({
    name: 'net',
    layers: [
      tf.layers.dense({ name: 'hidden', units: 4, inputShape: [8], activation: 'relu' }),
      tf.sequential({ name: 'head', layers: [tf.layers.dense({ name: 'out', units: 2, inputShape: [4] })] }),
    ],
  }),
)
writer.close()

for (const [name, lr] of Object.entries({ a: 0.1, b: 0.01 })) {
  const run = new SummaryWriter(`${directory}/hparams/${name}`, options)
  run.addHparams({ lr, optimizer: 'adam', nesterov: name === 'a' })
  run.addScalar('val/accuracy', 1 - lr, 10)
  if (name === 'a') run.addRunEnd('success')
  run.close()
}
