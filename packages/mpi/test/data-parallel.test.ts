import * as tf from '@tensorflow/tfjs'
import {
  type Callback,
  type Checkpoint,
  onEpochEnd,
  onStepEnd,
  type Strategy,
  Trainer,
  type TrainerState,
} from '@trainyard/core'
import { loader } from '@trainyard/data'
import { adam, crossEntropy, layersModule, type TfModule, useBackend, withRandom } from '@trainyard/tfjs'
import { beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { ranksInProcess } from './ranks.ts'

beforeAll(async () => {
  await useBackend('wasm')
})

/** What ranks print when they fail. */
const printed: string[] = []
beforeEach(() => {
  printed.length = 0
  vi.spyOn(console, 'error').mockImplementation((line: string) => void printed.push(line))
})

const points = 40
const xs = Float32Array.from({ length: 4 * points }, (_, i) => Math.sin(1 + 7 * i))
const ys = Int32Array.from({ length: points }, (_, i) => (xs[4 * i]! > 0 ? 1 : 0))

interface Settings {
  batchesPerStep?: number
  /** Where the loss is read. Default: at every step. */
  readsAt?: (state: TrainerState) => boolean
  units?: number
  batchNorm?: boolean
  maxSteps?: number
  callbacks?: readonly Callback<'loss'>[]
  resumeFrom?: Checkpoint
}

/** Makes the trainer of a rank, whose first weights are its own. */
function trainerOf(
  strategy: Strategy | undefined,
  settings: Settings = {},
): { trainer: Trainer; module: TfModule<never, never> } {
  const {
    readsAt,
    units = 5,
    batchNorm = false,
    batchesPerStep = 1,
    maxSteps = 12,
    callbacks = [],
    resumeFrom,
  } = settings
  const model = withRandom({ seed: strategy?.globalRank ?? 0 }, () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units, activation: 'tanh', inputShape: [4] }),
        ...(batchNorm ? [tf.layers.batchNormalization()] : []),
        tf.layers.dense({ units: 2 }),
      ],
    }),
  )
  const module = layersModule({ model, loss: crossEntropy, optimizer: adam({ learningRate: 0.05 }) })
  const columns = { xs: { data: xs, shape: [points, 4] }, ys: { data: ys, shape: [points] } }
  const trainer = new Trainer({
    module,
    data: loader(columns, { batchSize: 9, shuffle: true }),
    maxSteps,
    batchesPerStep,
    callbacks: [{ reads: ['loss'], ...(readsAt && { readsAt }) }, ...callbacks],
    ...(strategy && { strategy }),
  })
  if (resumeFrom) trainer.resumeFrom = { name: 'test', load: () => resumeFrom }
  return { trainer: trainer as never, module: module as never }
}

function weightsOf(module: TfModule<never, never>): number[] {
  return [...module.variables.values()].flatMap((variable) => [...variable.dataSync()])
}

test('ranks that begin with weights of their own train with those of rank zero, as one process does', async () => {
  const ranks = ranksInProcess(3).map((strategy) => trainerOf(strategy))
  await Promise.all(ranks.map(({ trainer }) => trainer.train()))
  const alone = trainerOf(undefined)
  await alone.trainer.train()
  const [first, ...others] = ranks.map(({ module }) => weightsOf(module))
  for (const other of others) expect(other).toEqual(first)
  for (const [i, weight] of weightsOf(alone.module).entries()) expect(first![i]).toBeCloseTo(weight, 5)
})

test('a checkpoint that rank zero alone has found is gone on from by all', async () => {
  const whole = ranksInProcess(2).map((strategy) => trainerOf(strategy, { maxSteps: 12 }))
  await Promise.all(whole.map(({ trainer }) => trainer.train()))
  const half = ranksInProcess(2).map((strategy) => trainerOf(strategy, { maxSteps: 7 }))
  await Promise.all(half.map(({ trainer }) => trainer.train()))
  const checkpoint = await half[0]!.trainer.getState()

  const resumed = ranksInProcess(2).map((strategy) =>
    trainerOf(strategy, strategy.globalRank === 0 ? { resumeFrom: checkpoint } : {}),
  )
  const results = await Promise.all(resumed.map(({ trainer }) => trainer.train()))
  expect(results.map(({ step }) => step)).toEqual([12, 12])
  for (const { module } of resumed) expect(weightsOf(module)).toEqual(weightsOf(whole[0]!.module))
})

test('a checkpoint of two ranks is gone on from by one, with the same data', async () => {
  const half = ranksInProcess(2).map((strategy) => trainerOf(strategy, { maxSteps: 7 }))
  await Promise.all(half.map(({ trainer }) => trainer.train()))
  const resumed = trainerOf(undefined, { resumeFrom: await half[0]!.trainer.getState() })
  await resumed.trainer.train()
  const alone = trainerOf(undefined)
  await alone.trainer.train()
  const expected = weightsOf(alone.module)
  for (const [i, weight] of weightsOf(resumed.module).entries()) expect(weight).toBeCloseTo(expected[i]!, 5)
})

test('the moving statistics of batch norm are averaged over the ranks, so these stay the same', async () => {
  const ranks = ranksInProcess(2).map((strategy) => trainerOf(strategy, { batchNorm: true }))
  await Promise.all(ranks.map(({ trainer }) => trainer.train()))
  const [a, b] = ranks.map(({ module }) => weightsOf(module))
  expect(a).toEqual(b)
  const moving = [...ranks[0]!.module.variables].find(([name]) => name.includes('moving_mean'))![1]
  expect(Math.max(...moving.dataSync().map(Math.abs))).toBeGreaterThan(0.01)
})

test('ranks with another model, or other settings, are told apart before the first step', async () => {
  const fails = async (settings: (rank: number) => Settings): Promise<unknown[]> => {
    const trainers = ranksInProcess(3).map(
      (strategy) => trainerOf(strategy, settings(strategy.globalRank!)).trainer,
    )
    const outcomes = await Promise.allSettled(trainers.map((trainer) => trainer.train()))
    return outcomes.map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as Error).message : 'trained',
    )
  }
  const models = await fails((rank) => ({ units: rank === 2 ? 6 : 5 }))
  for (const message of models)
    expect(message).toMatch(
      /the ranks do not train the same: rank 2 has `weights\/.*: 6`, rank 0 `weights\/.*: 5`/,
    )
  const limits = await fails((rank) => ({ maxSteps: rank === 1 ? 11 : 12 }))
  for (const message of limits) expect(message).toContain('rank 1 has `maxSteps: 11`, rank 0 `maxSteps: 12`')
  const reads = await fails((rank) => (rank === 1 ? {} : { callbacks: [{ reads: ['loss'] }] }))
  for (const message of reads) expect(message).toContain('rank 1 has `weights/')
  expect(printed.join('\n')).toContain(
    '[rank 2 of 3] Error: [core] callback "data parallel" failed in onActionStart',
  )
})

test('ranks that drift apart end the run at the end of the epoch', async () => {
  const drift = (rank: number): Callback<'loss'>[] => [
    onStepEnd((state: TrainerState, { module }) => {
      const { variables } = module as unknown as TfModule<never, never>
      if (rank === 1 && state.step === 3) for (const v of variables.values()) v.assign(tf.zeros(v.shape))
    }),
  ]
  const trainers = ranksInProcess(2).map(
    (strategy) => trainerOf(strategy, { callbacks: drift(strategy.globalRank!) }).trainer,
  )
  for (const outcome of await Promise.allSettled(trainers.map((trainer) => trainer.train())))
    expect(String((outcome as PromiseRejectedResult).reason)).toContain(
      '[mpi] after epoch 1 (step 5) the weights or optimizer slots of rank 1 are not those of rank 0',
    )
})

test('states of callbacks come from rank zero, and handlers of the strategy run before those of the trainer', async () => {
  const seen: (number | undefined)[] = []
  const remember = (rank: number): Callback<'loss'> => {
    let value = rank === 0 ? 42 : 0
    return {
      name: 'memory',
      getState: () => value,
      updateState: (state) => void (value = state as number),
      onActionStart: () => void seen.push(value),
    }
  }
  const order: string[] = []
  const trainers = ranksInProcess(2).map(
    (strategy) =>
      trainerOf(strategy, {
        callbacks: [remember(strategy.globalRank!), onEpochEnd(() => void order.push('epoch'))],
        maxSteps: 5,
      }).trainer,
  )
  await Promise.all(trainers.map((trainer) => trainer.train()))
  expect(seen).toEqual([42, 42])
  expect(order).toEqual(['epoch', 'epoch'])
})

test('a state arrives on the other ranks exactly as it is on rank zero, to the last bit', async () => {
  const exact = {
    numbers: [Infinity, -Infinity, NaN, -0, 5e-324],
    floats: Float32Array.of(NaN, -0, Infinity, 1e-45),
    doubles: Float64Array.of(0.1, -0),
    // A view into a larger buffer, at a place where no float could begin.
    bytes: new Uint8Array(Uint8Array.from({ length: 9 }, (_, i) => i).buffer, 3, 5),
    large: BigInt64Array.of(-(2n ** 63n)),
    text: '\u0000array 0',
    nested: { none: null, list: [Int32Array.of(1), { deep: true }] },
  }
  const arrived: unknown[] = []
  const memory = (rank: number): Callback<'loss'> => ({
    name: 'memory',
    getState: () => (rank === 0 ? exact : {}) as never,
    updateState: (state) => void arrived.push(state),
  })
  const trainers = ranksInProcess(2).map(
    (strategy) => trainerOf(strategy, { maxSteps: 1, callbacks: [memory(strategy.globalRank!)] }).trainer,
  )
  await Promise.all(trainers.map((trainer) => trainer.train()))
  expect(arrived).toEqual([exact])
  expect(Object.is((arrived[0] as typeof exact).numbers[3], -0)).toBe(true)
})

test.each([1, 2])(
  'a step of %i batches has one collective, whether numbers are read or not',
  async (batchesPerStep) => {
    let calls = 0
    const counted = ranksInProcess(2).map((strategy): Strategy =>
      strategy.globalRank === 0
        ? {
            ...strategy,
            allReduce: (...args) => (calls++, strategy.allReduce(...args)),
            allGather: (...args) => (calls++, strategy.allGather(...args)),
            broadcast: (...args) => (calls++, strategy.broadcast(...args)),
            barrier: () => (calls++, strategy.barrier()),
          }
        : strategy,
    )
    const atStep: number[] = []
    const losses: unknown[][] = [[], []]
    const settings = (rank: number): Settings => ({
      batchesPerStep,
      maxSteps: 3,
      readsAt: ({ step }) => step === 2,
      callbacks: [
        onStepEnd(({ step, metrics }: TrainerState) => {
          if (rank === 0) atStep.push(calls)
          if (step === 2) losses[rank]!.push(metrics.get('loss'))
        }),
      ],
    })
    const trainers = counted.map((strategy) => trainerOf(strategy, settings(strategy.globalRank!)).trainer)
    await Promise.all(trainers.map((trainer) => trainer.train()))
    expect([atStep[1]! - atStep[0]!, atStep[2]! - atStep[1]!]).toEqual([1, 1])
    const alone = trainerOf(undefined, { batchesPerStep, maxSteps: 2 }).trainer
    const { metrics } = await alone.train()
    expect(losses[1]).toEqual(losses[0])
    expect(losses[0]![0]).toBeCloseTo(metrics['loss']!, 5)
  },
)
