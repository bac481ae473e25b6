// What a stranger writes who has installed packages and read the README: trains, logs, checkpoints, goes on after a kill, and reads what is left.
import { readdirSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { Callback, every, onStepEnd, Trainer, type TrainerState } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { AutoResume, ModelCheckpoint } from '@trainyard/model-checkpoint'
import { interruptedRun, openRuns, RunFolderLogger, RunLogger } from '@trainyard/run-folder'
import { SimpleLogger } from '@trainyard/simple-logger'
import { SummaryWriter, TensorboardLogger } from '@trainyard/tensorboard'
import { EventFileReader } from '@trainyard/tensorboard-plugin-writer'
import {
  adam,
  layersModule,
  meanAbsoluteError,
  meanSquaredError,
  useBackend,
  withRandom,
} from '@trainyard/tfjs'

interface Config {
  learningRate: number
  seed: number
}
const config: Config = { learningRate: 0.01, seed: 1 }

await useBackend('wasm')
const model = withRandom({ seed: config.seed }, () =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: 16, activation: 'tanh', inputShape: [1] }),
      tf.layers.dropout({ rate: 0.1 }),
      tf.layers.dense({ units: 1 }),
    ],
  }),
)
const module = layersModule({
  model,
  loss: meanSquaredError,
  metrics: { error: meanAbsoluteError },
  optimizer: adam({ learningRate: config.learningRate }),
})
const xs = { data: Float32Array.from({ length: 200 }, (_, i) => i / 100 - 1), shape: [200, 1] }
const ys = { data: xs.data.map((x) => Math.sin(3 * x)), shape: [200, 1] }

class Slow extends Callback {
  override async onStepEnd(_state: TrainerState) {
    await new Promise((done) => setTimeout(done, 2)) // so that there is time to kill it
  }
}
const tell = onStepEnd(every(10)((state) => console.log(`at step ${state.step}`)))

const run = new RunLogger({
  parentLogDir: 'logs',
  config: { ...config },
  forcedLogId: interruptedRun('logs', { ...config }),
})
const trainer = new Trainer({
  module,
  data: loader({ xs, ys }, { batchSize: 8, shuffle: true, seed: config.seed }),
  maxSteps: 120,
  callbacks: [
    tell,
    new Slow(),
    new SimpleLogger({ tensorsToLog: ['loss', 'error'], stepFreq: 40 }),
    new RunFolderLogger({ tensorsToLog: ['loss', 'error'], stepFreq: 5 }),
    new TensorboardLogger(new SummaryWriter(), { stepFreq: 5 }),
    new ModelCheckpoint({ monitor: 'loss', everyNTrainSteps: 20, saveTopK: 2 }),
  ],
})
run.setup(trainer)
new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true }).setup(trainer)
await trainer.train()
run.finish()

const [stored] = openRuns<Config>('logs').where((found) => found.config.learningRate.eq(0.01))
const { step, ...columns } = stored!.columns(['train.loss', 'train.error'])
const points = readdirSync(`${stored!.directory}/tensorboard`)
  .flatMap((name) => [...new EventFileReader(`${stored!.directory}/tensorboard/${name}`).read()])
  .flatMap((event) => event.values.filter(({ tag }) => tag === 'loss').map(() => event.step))
  .sort((a, b) => a - b)
const weights = model.getWeights().map((weight) => [...weight.dataSync()])
console.log(`left ${JSON.stringify({ status: stored!.status, step, columns, points, weights })}`)
