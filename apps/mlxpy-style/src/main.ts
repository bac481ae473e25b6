// The tutorial of MLXPy: a network with one hidden layer learns what another one computes. Each start is a run of its own in ./logs.
import * as tf from '@tensorflow/tfjs'
import { type Checkpoint, onActionStart, Trainer } from '@trainyard/core'
import { launch } from '@trainyard/launch'
import { type BackendName, functionModule, sgd, useBackend } from '@trainyard/tfjs'

interface Config {
  seed: number
  num_epoch: number
  model: { num_units: number }
  data: { d_int: number; device: BackendName }
  optimizer: { lr: number }
}

const examples = 200

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

await launch<Config>({ config: 'configs/config.yaml' }, async ({ config: cfg, logger }) => {
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

  await trainer.train()
  console.log(`Completed training with learning rate: ${cfg.optimizer.lr}`)
})
