// What a rank of the benchmark does; rank zero prints its figures as a line of JSON.
import * as tf from '@tensorflow/tfjs'
import { type DataLoader, onStepEnd, single, type Strategy, Trainer } from '@trainyard/core'
import { loader } from '@trainyard/data'
import { mpi } from '@trainyard/mpi'
import { adam, crossEntropy, layersModule, useBackend, withRandom } from '@trainyard/tfjs'

/** Sums buffers over all ranks; the arguments are pairs of bytes and rounds, as those of all-reduce.c. */
export async function sumBuffers(pairs: readonly string[]): Promise<void> {
  const strategy = await mpi()
  const figures: Record<string, number[]> = {}
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const [bytes, rounds] = [Number(pairs[i]), Number(pairs[i + 1])]
    const buffer = new Float32Array(bytes / 4)
    const times: number[] = []
    for (let round = -2; round < rounds; round++) {
      await strategy.barrier()
      const began = performance.now()
      await strategy.allReduce(buffer)
      if (round >= 0) times.push((performance.now() - began) / 1000)
    }
    figures[bytes] = times
  }
  if (!strategy.globalRank) console.log(JSON.stringify(figures))
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

/** Goes through the data again and again in one epoch: at its end ranks compare their weights, which is not part of a step. */
function endless<B>(data: DataLoader<B>): DataLoader<B> {
  return {
    async *epoch(_n, from, shard) {
      for (;;) yield* data.epoch(0, from, shard)
    },
  }
}

/** Trains a network; prints milliseconds a step, and those spent in reductions. `isAlone` leaves out what others the process was started with. */
export async function trainSteps(
  network: string,
  steps: number,
  batchSize: number,
  isAlone: boolean,
): Promise<void> {
  const strategy = isAlone ? single() : await mpi()
  let communication = 0
  const timed: Strategy = {
    ...strategy,
    async allReduce(buffer, operation) {
      const began = performance.now()
      await strategy.allReduce(buffer, operation)
      communication += performance.now() - began
    },
  }
  await useBackend('wasm')
  // Compilers work beside the first hundred steps, on cores that two ranks have not to spare.
  const warmUp = Math.min(100, 4 * steps)
  const batches = 10
  const rows = batches * batchSize
  const layers = networks[network as keyof typeof networks]
  const model = withRandom({ seed: 1 }, () => tf.sequential({ layers: layers() }))
  const module = layersModule({ model, loss: crossEntropy, optimizer: adam({ learningRate: 1e-3 }) })
  const xs = {
    data: Float32Array.from({ length: rows * 784 }, (_, i) => (i % 97) / 97),
    shape: [rows, 28, 28, 1],
  }
  const ys = { data: Int32Array.from({ length: rows }, (_, i) => i % 10), shape: [rows] }
  let began = 0
  const clock = onStepEnd((state) => {
    if (state.step === warmUp) {
      began = performance.now()
      communication = 0
    }
    if (state.step !== warmUp + steps) return
    const step = (performance.now() - began) / steps
    if (!strategy.globalRank) console.log(JSON.stringify({ step, communication: communication / steps }))
  })
  const trainer = new Trainer({
    module,
    data: endless(loader({ xs, ys }, { batchSize })),
    maxSteps: warmUp + steps,
    callbacks: [clock],
    strategy: strategy.worldSize > 1 ? timed : strategy,
  })
  await trainer.train()
}
