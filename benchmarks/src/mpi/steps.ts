import { setTimeout } from 'node:timers/promises'
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

/** Milliseconds a step, until the slower of two processes has done its steps. */
export interface StepTimes {
  /** One process, with all examples of a step; the other one sleeps. */
  readonly one: number
  /** Two ranks, with half of them each. */
  readonly two: number
  /** What of that rank zero spends in reductions. */
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
  /** Milliseconds that a step of one process takes at the least, as far as is known. */
  let leastOfOne = 0
  const timed: Strategy = {
    ...strategy,
    async allReduce(buffer, operation) {
      const began = performance.now()
      await strategy.allReduce(buffer, operation)
      communication += performance.now() - began
    },
  }
  const isFirst = strategy.globalRank === 0
  const flag = new Float32Array(1)
  const meet = onStepEnd(() => strategy.allReduce(flag))
  const one = isFirst ? new PausingTraining(network, batchSize, single()) : undefined
  const two = new PausingTraining(network, batchSize, timed)
  const apart = new PausingTraining(network, batchSize / 2, single())
  const inStep = new PausingTraining(network, batchSize / 2, single(), [meet])
  const trainings = [one, two, apart, inStep]
  for (const training of trainings) await training?.start()

  /** Times the steps of each training, in an order that is another one in each round. */
  const round = async (index: number, count: number): Promise<StepTimes> => {
    const times = new Float64Array(trainings.length)
    communication = 0
    for (let i = 0; i < trainings.length; i++) {
      const turn = (index + i) % trainings.length
      const training = trainings[turn]
      await strategy.barrier()
      const began = performance.now()
      if (training) await training.run(count)
      // It would look for the other rank meanwhile, which costs that one some of its speed.
      else await setTimeout(0.9 * count * leastOfOne)
      if (training) times[turn] = (performance.now() - began) / count
    }
    await strategy.allReduce(times, 'max')
    const [oneTime, twoTime, apartTime, inStepTime] = times as unknown as [number, number, number, number]
    leastOfOne = Math.min(leastOfOne || oneTime, oneTime)
    return {
      one: oneTime,
      two: twoTime,
      communication: communication / count,
      apart: apartTime,
      inStep: inStepTime,
    }
  }
  // Compilers work beside the first steps, on cores that two ranks have not to spare.
  await round(0, 3 * steps)
  const times: StepTimes[] = []
  for (let i = 0; i < rounds; i++) times.push(await round(i, steps))
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

  // One epoch is all, and without end: after one, ranks compare their weights, which is not part of a step. The trainer takes a batch ahead: a step is done when the
  // batch after the next one is asked for. So the first run is a step short, and none is under way in a pause.
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
