import { expect, test } from 'vitest'
import { type Callback, onStepEnd, single, type Strategy, Trainer } from '../src/index.ts'
import { batches, FakeHost, type ToyBatch, ToyModule } from './toy.ts'

/** Ranks in one process: a reduction ends when all have come. */
function together(size: number): Strategy[] {
  let waiting: { buffer: Float32Array | Float64Array; done: () => void }[] = []
  return Array.from({ length: size }, (_, rank) => ({
    ...single(),
    name: 'together',
    localRank: rank,
    globalRank: rank,
    worldSize: size,
    allReduce: (buffer) =>
      new Promise<void>((done) => {
        waiting.push({ buffer, done })
        if (waiting.length < size) return
        const sum = waiting[0]!.buffer.map((_v, i) =>
          waiting.reduce((total, other) => total + other.buffer[i]!, 0),
        )
        for (const other of waiting) {
          other.buffer.set(sum as Float64Array)
          other.done()
        }
        waiting = []
      }),
  }))
}

/** Gives each rank every so manieth example of each batch. */
const sharded = {
  epoch: (_n: number, from: number, { rank, size }: { rank: number; size: number }): ToyBatch[] =>
    batches(4, 5, 6, 3)
      .slice(from)
      .map(({ x, y }) => ({
        x: x.filter((_, i) => i % size === rank),
        y: y.filter((_, i) => i % size === rank),
      })),
}

function trainers(
  size: number,
  callbacks: (rank: number) => Callback<'loss'>[] = () => [],
  maxEpochs = 2,
): Trainer<ToyBatch, never>[] {
  return together(size).map(
    (strategy, rank) =>
      new Trainer({
        module: new ToyModule(),
        data: sharded,
        validate: { data: sharded },
        batchesPerStep: 2,
        maxEpochs,
        strategy,
        host: new FakeHost(),
        callbacks: callbacks(rank),
      }) as never,
  )
}

test('two ranks train as one process does, with uneven shares', async () => {
  const [a, b] = trainers(2)
  const [resultA, resultB] = await Promise.all([a!.train(), b!.train()])
  expect(resultA).toEqual(resultB)
  expect(await a!.module.getState()).toEqual(await b!.module.getState())
  const [alone] = trainers(1)
  const result = await alone!.train()
  expect((a!.module as unknown as ToyModule).weight).toBeCloseTo(
    (alone!.module as unknown as ToyModule).weight,
    12,
  )
  expect(resultA!.metrics['val_loss']).toBeCloseTo(result.metrics['val_loss']!, 12)
  expect(resultA!.metrics['val_accuracy']).toBe(result.metrics['val_accuracy'])
})

test('the loss that is read is the mean over batches and ranks', async () => {
  const seen: number[][] = [[], [], []]
  const look = (rank: number): Callback<'loss'>[] => [
    { reads: ['loss'], onStepEnd: (s) => void seen[rank]!.push(s.metrics.get('loss')!) },
  ]
  await Promise.all(trainers(2, look).map((t) => t.train()))
  await trainers(1, () => look(2))[0]!.train()
  expect(seen[0]).toEqual(seen[1])
  for (const [i, loss] of seen[2]!.entries()) expect(seen[0]![i]).toBeCloseTo(loss, 12)
})

test('a stop asked for on one rank ends all at the same step, one reduction later', async () => {
  const stop = (rank: number): Callback[] =>
    rank === 1 ? [onStepEnd((s) => (s.step === 3 ? s.requestStop('rank 1 has enough') : undefined))] : []
  const results = await Promise.all(trainers(2, stop, 9).map((t) => t.train()))
  expect(results.map(({ step }) => step)).toEqual([4, 4])
  expect(results.map(({ reason }) => reason)).toEqual(['rank', 'stop'])
})

test('a plain iterable cannot be split', async () => {
  const strategy: Strategy = { ...single(), worldSize: 2, globalRank: 0, abort() {} }
  await expect(
    new Trainer({
      module: new ToyModule(),
      data: batches(1),
      maxEpochs: 1,
      strategy,
      host: new FakeHost(),
    }).train(),
  ).rejects.toThrow('[core] 2 ranks cannot share a plain iterable; pass a loader of @trainyard/data')
})

test('a stop asked for before the first step is agreed on before it', async () => {
  const results = await Promise.all(
    trainers(2, (rank) => (rank === 1 ? [{ onActionStart: (s) => s.requestStop('not today') }] : [])).map(
      (t) => t.train(),
    ),
  )
  expect(results.map(({ step }) => step)).toEqual([0, 0])
})

test('what concerns the whole job is said by rank zero alone', async () => {
  const hosts = [new FakeHost(), new FakeHost()]
  const runs = together(2).map(
    (strategy, rank) =>
      new Trainer({
        module: new ToyModule({ loss: (at) => (at.step === 1 && at.rank === 1 ? NaN : 1) }),
        data: sharded,
        maxSteps: 2,
        nonFinite: 'skip',
        strategy,
        host: hosts[rank]!,
      }),
  )
  for (const run of runs) await run.updateState({ callbacks: { gone: {} } })
  await Promise.all(runs.map((run) => run.train()))
  expect(hosts.map(({ warnings }) => warnings)).toEqual([
    [
      '[core] no updateState() for the checkpoint\'s state of callback "gone"',
      '[core] the loss or a gradient is NaN or infinite at step 1 (epoch 0, batch 2); update skipped',
    ],
    [],
  ])
})

test('an error on one rank aborts all', async () => {
  const aborted: unknown[] = []
  const strategy: Strategy = {
    ...single(),
    worldSize: 2,
    globalRank: 1,
    abort: (...args) => void aborted.push(args),
  }
  const run = new Trainer({
    module: new ToyModule(),
    data: sharded,
    maxEpochs: 1,
    strategy,
    host: new FakeHost(),
    callbacks: [onStepEnd(() => Promise.reject(new Error('broken')))],
  })
  await expect(run.train()).rejects.toThrow('broken')
  expect(aborted).toEqual([[1, expect.stringContaining('broken')]])
})
