// Trains a small network on as many ranks as there are, with checkpoints; argument: settings as JSON. Rank zero writes the weights, and prints what became of it.
// In its first life a rank may kill itself: { "kill": { "rank": 1, "step": 17, "signal": "SIGKILL" } }; or fail in other ways, see `fail`.
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { onStepEnd, Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { AutoResume, ModelCheckpoint } from '@trainyard/model-checkpoint'
import { mpi } from '@trainyard/mpi'
import { accuracy, adam, crossEntropy, layersModule, sgd, useBackend, withRandom } from '@trainyard/tfjs'

const {
  folder,
  steps = 50,
  optimizer = 'adam',
  batchesPerStep = 1,
  hidden = 24,
  save = 0,
  kill,
  fail,
  timeout = 60,
  library,
  sharedMemory,
  pause = 0,
  announce = false,
} = JSON.parse(process.argv[2])

const strategy = await mpi({ timeout, library, sharedMemory })
const rank = strategy.globalRank ?? 0
if (announce) process.stderr.write(`rank ${rank} is process ${process.pid}\n`)
const isFirstLife = !Number(process.env.TRAINYARD_RESTARTS ?? 0)

// 500 points in 10 dimensions, each of the class of its largest coordinate.
const [points, dimensions, classes] = [500, 10, 10]
let random = 12_345
const next = () => (random = (Math.imul(1_664_525, random) + 1_013_904_223) >>> 0) / 2 ** 32
const xs = Float32Array.from({ length: points * dimensions }, () => 2 * next() - 1)
const ys = Int32Array.from({ length: points }, (_, i) => {
  const row = xs.subarray(i * dimensions, (i + 1) * dimensions)
  return row.indexOf(Math.max(...row))
})
const columns = { xs: { data: xs, shape: [points, dimensions] }, ys: { data: ys, shape: [points] } }
// The last batch is short, and nothing divides by 4.
const data = loader(columns, { batchSize: 63, shuffle: true, seed: 5 })

await useBackend('wasm')
// Each rank begins with weights of its own: those of rank zero are to count.
const model = withRandom({ seed: 1 + rank }, () =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: hidden, activation: 'relu', inputShape: [dimensions] }),
      tf.layers.dense({ units: classes }),
    ],
  }),
)
const module = layersModule({
  model,
  loss: crossEntropy,
  metrics: { accuracy },
  optimizer:
    optimizer === 'adam'
      ? adam({ learningRate: 1e-2, clipNorm: 1 })
      : sgd({ learningRate: 0.1, momentum: 0.9 }),
})

const misfortune = onStepEnd(async (state) => {
  if (pause > 0) await new Promise((done) => setTimeout(done, pause))
  if (rank === 0) process.stderr.write(`step ${state.step}\n`)
  if (!isFirstLife) return
  if (kill && kill.rank === rank && kill.step === state.step) process.kill(process.pid, kill.signal)
  if (fail && fail.rank === rank && fail.step === state.step) {
    if (fail.how === 'throw') throw new Error('out of luck')
    if (fail.how === 'exit') process.exit(0)
    if (fail.how === 'exit 3') process.exit(3)
    if (fail.how === 'reject') void Promise.reject(new Error('nobody caught it'))
    if (fail.how === 'drift')
      module.variables
        .values()
        .next()
        .value.assign(tf.zeros([dimensions, hidden]))
    if (fail.how === 'hang') for (;;);
  }
})

const callbacks = [{ reads: ['loss', 'accuracy'] }, misfortune]
if (save > 0)
  callbacks.push(
    new ModelCheckpoint({
      dirpath: join(folder, 'checkpoints'),
      everyNTrainSteps: save,
      saveTopK: 1,
      monitor: 'loss',
    }),
  )
const trainer = new Trainer({
  module,
  data,
  maxSteps: steps,
  batchesPerStep,
  callbacks,
  strategy,
  validate: { data },
})
if (save > 0) new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true }).setup(trainer)
const result = await trainer.train()

const weights = Buffer.concat(
  [...module.variables.values()].map((v) => Buffer.from(v.dataSync().slice().buffer)),
)
const hash = createHash('sha256').update(weights).digest()
const hashes = (await strategy.allGather(hash)).map((bytes) =>
  Buffer.from(bytes).toString('hex').slice(0, 16),
)
const ends = (await strategy.allGather(Buffer.from(`${result.step} ${result.reason}`))).map((bytes) =>
  Buffer.from(bytes).toString(),
)
if (rank === 0) {
  writeFileSync(join(folder, 'weights.bin'), weights)
  console.log(
    JSON.stringify({ ranks: strategy.worldSize, hosts: strategy.details?.hosts, hashes, ends, ...result }),
  )
}
