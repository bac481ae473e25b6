import * as tf from '@tensorflow/tfjs'
import {
  type Callback,
  type DataLoader,
  onStepEnd,
  type Shard,
  single,
  type Strategy,
  Trainer,
} from '@trainyard/core'
import { loader } from '@trainyard/data'
import { mpi } from '@trainyard/mpi'
import { adam, crossEntropy, layersModule, useBackend, withRandom } from '@trainyard/tfjs'

/** Milliseconds a step, of which `communication` are spent in reductions. */
export interface StepTimes {
  /** One process, with all examples of a step. */
  readonly one: number
  /** Two ranks, with half of them each. */
  readonly two: number
  readonly communication: number
  /** Two processes with half of them each, that share nothing: as fast as two can be. */
  readonly apart: number
  /** The same, but that they begin each step together: as fast as two can be whose weights are the same. */
  readonly inStep: number
}

const networks = {
  /** 536,000 weights. */
  perceptron: () => [
    tf.layers.flatten({ inputShape: [28, 28, 1] }),
    tf.layers.dense({ units: 512, activation: 'relu' }),
    tf.layers.dense({ units: 256, activation: 'relu' }),
    tf.layers.dense({ units: 10 }),
  ],
  /** That of the quickstart: 80,000 weights. */
  convolutions: () => [
    tf.layers.conv2d({ filters: 16, kernelSize: 5, activation: 'relu', inputShape: [28, 28, 1] }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.conv2d({ filters: 32, kernelSize: 5, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 128, activation: 'relu' }),
    tf.layers.dense({ units: 10 }),
  ],
}

/**
 * What one of two ranks does to time steps. Cores that are shared with others change their speed from second to second, so the kinds of step take turns, a few steps
 * each, in the same two processes. Rank zero prints the times of each round.
 */
export async function timeSteps(
  network: string,
  batchSize: number,
  rounds: number,
  steps: number,
): Promise<void> {
  const strategy = await mpi()
  await useBackend('wasm')
  let communication = 0
  const timed: Strategy = {
    ...strategy,
    async allReduce(buffer, operation) {
      const began = performance.now()
      await strategy.allReduce(buffer, operation)
      communication += performance.now() - began
    },
  }
  const isFirst = strategy.globalRank === 0
  const one = isFirst ? new PausingTraining(network, batchSize, single()) : undefined
  const two = new PausingTraining(network, batchSize, timed)
  const apart = new PausingTraining(network, batchSize / 2, single())
  const flag = new Float32Array(1)
  const meet = onStepEnd(() => strategy.allReduce(flag))
  const inStep = new PausingTraining(network, batchSize / 2, single(), [meet])
  const trainings = [one, two, apart, inStep]
  for (const training of trainings) await training?.start()

  /** Milliseconds a step of a training, which not every rank may have. */
  const time = async (training: PausingTraining | undefined, count: number): Promise<number> => {
    await strategy.barrier()
    const began = performance.now()
    await training?.run(count)
    return (performance.now() - began) / count
  }
  const round = async (count: number): Promise<StepTimes> => {
    const alone = await time(one, count)
    communication = 0
    const together = await time(two, count)
    return {
      one: alone,
      two: together,
      communication: communication / count,
      apart: await time(apart, count),
      inStep: await time(inStep, count),
    }
  }
  // Compilers work beside the first steps, on cores that two ranks have not to spare.
  await round(3 * steps)
  const times: StepTimes[] = []
  for (let i = 0; i < rounds; i++) times.push(await round(steps))
  await strategy.barrier()
  if (isFirst) console.log(JSON.stringify(times))
  for (const training of trainings) await training?.end()
}

/** A training that does some steps when it is told to, and then pauses. */
class PausingTraining {
  readonly #network: string
  readonly #batchSize: number
  readonly #strategy: Strategy
  readonly #callbacks: readonly Callback[]
  #left = 0
  #isOver = false
  #finished: Promise<unknown> | undefined
  /** Called when the next batch is asked for, but no step is to be done. */
  #paused = (): void => {}
  #go = (): void => {}

  constructor(network: string, batchSize: number, strategy: Strategy, callbacks: readonly Callback[] = []) {
    this.#network = network
    this.#batchSize = batchSize
    this.#strategy = strategy
    this.#callbacks = callbacks
  }

  /** Does everything that comes before the first step. */
  async start(): Promise<void> {
    const layers = networks[this.#network as keyof typeof networks]
    const model = withRandom({ seed: 1 }, () => tf.sequential({ layers: layers() }))
    const rows = 10 * this.#batchSize
    const xs = {
      data: Float32Array.from({ length: rows * 784 }, (_, i) => (i % 97) / 97),
      shape: [rows, 28, 28, 1],
    }
    const ys = { data: Int32Array.from({ length: rows }, (_, i) => i % 10), shape: [rows] }
    const data = loader({ xs, ys }, { batchSize: this.#batchSize })
    const trainer = new Trainer({
      module: layersModule({ model, loss: crossEntropy, optimizer: adam({ learningRate: 1e-3 }) }),
      data: { epoch: (_epoch, _from, shard) => this.#batches(data, shard) },
      maxEpochs: 1,
      callbacks: this.#callbacks,
      strategy: this.#strategy,
    })
    const paused = this.#nextPause()
    this.#finished = trainer.train()
    await paused
  }

  async run(steps: number): Promise<void> {
    const paused = this.#nextPause()
    this.#left = steps
    this.#go()
    await paused
  }

  async end(): Promise<void> {
    this.#isOver = true
    this.#go()
    await this.#finished
  }

  #nextPause(): Promise<void> {
    return new Promise((resolve) => (this.#paused = resolve))
  }

  // One epoch is all, and without end: after one, ranks compare their weights, which is not part of a step.
  async *#batches<B>(data: DataLoader<B>, shard: Shard): AsyncGenerator<B> {
    for (;;)
      for await (const batch of data.epoch(0, 0, shard)) {
        if (this.#left === 0) {
          const goes = new Promise<void>((resolve) => (this.#go = resolve))
          this.#paused()
          await goes
        }
        if (this.#isOver) return
        this.#left--
        yield batch
      }
  }
}
