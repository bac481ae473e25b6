// The tutorial of MLXPy: a network with one hidden layer learns what another one computes. Each start is a run of its own in ./logs; at the end the reader
// shows all of them. Run it with `npx -y pnpm start mlxpy-style`; settings can be given, too: `npx -y pnpm start mlxpy-style optimizer.lr=1,0.1`.
import { dirname } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { type Checkpoint, onActionStart, Trainer } from '@trainyard/core'
import { launch } from '@trainyard/launch'
import { openRuns } from '@trainyard/run-folder'
import { functionModule, sgd, useBackend } from '@trainyard/tfjs'
import { z } from 'zod'

const count = z.number().int().positive()
/** What the config has to be: `optimizer.lr=x` is refused before there is a run. It may have other settings besides. */
const schema = z.looseObject({
  seed: z.number(),
  num_epoch: count,
  model: z.looseObject({ num_units: count }),
  data: z.looseObject({
    d_int: count,
    device: z.enum(['auto', 'node-gpu', 'node', 'webgpu', 'wasm', 'cpu']),
  }),
  optimizer: z.looseObject({ lr: z.number().positive() }),
})

const examples = 200

/** Tells what `launch` has not understood, and how to start the program. */
function explain(error: unknown): never {
  if (!(error instanceof Error && error.message.startsWith('[launch]'))) throw error
  const isHelp = process.argv.includes('--help')
  if (!isHelp) console.error(error.message)
  console[isHelp ? 'log' : 'error'](`Usage: npx -y pnpm start mlxpy-style [setting=value …]
The settings, with their defaults, are in apps/mlxpy-style/configs/config.yaml; several values, as in
optimizer.lr=1,0.1, are several runs. +trainyard.logger.forcedLogId=1 goes on with run 1.`)
  process.exit(isHelp ? 0 : 2)
}

/** A network with one hidden layer; its output is the mean over the hidden units. */
function oneHiddenLayer(inputs: number, units: number) {
  const variables = {
    hidden: tf.variable(tf.randomNormal([inputs, units], 0, inputs ** -0.5)),
    output: tf.variable(tf.randomNormal([units, 1])),
  }
  const compute = (xs: tf.Tensor): tf.Tensor =>
    tf.div(tf.matMul(tf.relu(tf.matMul(xs as tf.Tensor2D, variables.hidden)), variables.output), units)
  return { variables, compute }
}

const folders = await launch({ config: 'configs/config.yaml', schema }, async ({ config: cfg, logger }) => {
  await useBackend(cfg.data.device, () => {})

  // `launch` has seeded Math.random with `cfg.seed`, so all of this is the same at each start.
  const teacher = oneHiddenLayer(cfg.data.d_int, cfg.model.num_units)
  const student = oneHiddenLayer(cfg.data.d_int, cfg.model.num_units)
  const xs = tf.randomNormal([examples, cfg.data.d_int])
  const ys = teacher.compute(xs)

  const trainer = new Trainer({
    module: functionModule<{ xs: tf.Tensor; ys: tf.Tensor }, { loss: tf.Scalar }>({
      variables: student.variables,
      forward: (batch) => ({
        loss: tf.losses.meanSquaredError(batch.ys, student.compute(batch.xs)).asScalar(),
      }),
      optimizer: sgd({ learningRate: cfg.optimizer.lr }),
    }),
    data: [{ xs, ys }],
    maxEpochs: cfg.num_epoch,
    callbacks: [
      onActionStart(({ epoch }) => console.log(`Starting from epoch ${epoch}`)),
      {
        name: 'log',
        reads: ['loss'],
        async onEpochEnd({ metrics, epoch }, handle) {
          logger.logMetrics({ loss: metrics.get('loss')!, epoch: epoch - 1 }, 'train')
          await logger.logCheckpoint(await handle.getState(), 'last_ckpt')
        },
      },
    ],
  })

  // Where there is a checkpoint, the run goes on from it.
  const checkpoint = await logger.loadCheckpoint<Checkpoint>()
  if (checkpoint) await trainer.updateState(checkpoint)

  const { reason } = await trainer.train()
  if (reason === 'signal') console.log(`Stopped. +trainyard.logger.forcedLogId=${logger.logId} goes on.`)
  else console.log(`Completed training with learning rate: ${cfg.optimizer.lr}`)
  return dirname(logger.logDir)
}).catch(explain)

// All runs that there are, the best one first; a job that starts again may have none left to do.
const [folder] = folders
if (folder !== undefined) {
  const runs = openRuns(folder).sort('train.loss')
  console.log(
    `\n${runs.select('id', 'status', 'config.optimizer.lr', 'train.epoch', 'train.loss').toTable()}`,
  )
}

console.log(`
What next?
  npx -y pnpm start mlxpy-style optimizer.lr=1,0.1     two more runs
  npx -y pnpm start mlxpy-style num_epoch=20 +trainyard.logger.forcedLogId=1     run 1 goes on
  apps/mlxpy-style/src/main.ts     this program, one file`)
