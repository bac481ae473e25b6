import { beforeEach, expect, test } from 'vitest'
import {
  type Callback,
  onEpochStart,
  onStepEnd,
  onStepStart,
  Trainer,
  type TrainerOptions,
} from '../src/index.ts'
import { batches, FakeHost, recorder, type ToyBatch, ToyModule, type ToyOutputs, ToyTensor } from './toy.ts'

beforeEach(() => {
  ToyTensor.live = 0
  ToyTensor.reads = 0
})

type Options = Partial<TrainerOptions<ToyBatch, ToyOutputs>>

function trainer(options: Options = {}): Trainer<ToyBatch, ToyOutputs> {
  return new Trainer({ module: new ToyModule(), data: batches(2, 2, 2), host: new FakeHost(), ...options })
}

const short = (event: string): string => event.replace(/^on/, '')

test('fires every event of the contract in its place', async () => {
  const log: string[] = []
  const run = trainer({
    maxEpochs: 2,
    batchesPerStep: 2,
    validate: { data: batches(2) },
    callbacks: [recorder(log, (event, s) => `${short(event)} ${s.epoch}/${s.step}/${s.batch}`)],
    checkpointer: {
      load: () => void log.push('load'),
      save: (_checkpoint, index, force) => log.push(`save ${index}${force ? ' force' : ''}`),
      saveModel: (_state, index) => log.push(`saveModel ${index}`),
    },
  })
  const result = await run.train()
  const epoch = (e: number): string[] => {
    const s = 2 * e
    return [
      `EpochStart ${e}/${s}/0`,
      `StepStart ${e}/${s}/0`,
      `BatchStart ${e}/${s}/0`,
      `BatchEnd ${e}/${s}/1`,
      `BatchStart ${e}/${s}/1`,
      `BatchEnd ${e}/${s}/2`,
      `StepEnd ${e}/${s + 1}/2`,
      `SavePoint ${e}/${s + 1}/2`,
      `StepStart ${e}/${s + 1}/2`,
      `BatchStart ${e}/${s + 1}/2`,
      `BatchEnd ${e}/${s + 1}/3`,
      `StepEnd ${e}/${s + 2}/3`,
      `ValidationStart ${e + 1}/${s + 2}/0`,
      `ValidationEnd ${e + 1}/${s + 2}/0`,
      `EpochEnd ${e + 1}/${s + 2}/0`,
      `SavePoint ${e + 1}/${s + 2}/0`,
      `save ${e + 1}`,
    ]
  }
  expect(log).toEqual([
    'load',
    'ActionStart 0/0/0',
    ...epoch(0),
    ...epoch(1),
    'SavePoint 2/4/0',
    'save 2 force',
    'saveModel 2',
    'ActionEnd 2/4/0',
  ])
  expect(result).toMatchObject({ reason: 'maxEpochs', step: 4, epoch: 2, detail: undefined })
})

test('counts completed things: during onStepEnd of the first step, step is 1', async () => {
  const seen: number[] = []
  await trainer({ maxEpochs: 1, callbacks: [onStepEnd((state) => seen.push(state.step))] }).train()
  expect(seen).toEqual([1, 2, 3])
})

test('validation by steps comes between onStepEnd and onSavePoint', async () => {
  const log: string[] = []
  const validate = { data: batches(2), every: { steps: 2 } }
  await trainer({ maxSteps: 4, validate, callbacks: [recorder(log, short)] }).train()
  const interesting = log.filter((event) => /StepEnd|Validation|SavePoint|EpochEnd/.test(event))
  expect(interesting).toEqual([
    'StepEnd',
    'SavePoint',
    'StepEnd',
    'ValidationStart',
    'ValidationEnd',
    'SavePoint',
    'StepEnd',
    'EpochEnd',
    'SavePoint',
    'StepEnd',
    'ValidationStart',
    'ValidationEnd',
    'SavePoint',
    'SavePoint',
  ])
})

test.each([
  ['the end', { maxEpochs: 2 }, 'maxEpochs', 2],
  ['maxSteps in the middle of an epoch', { maxSteps: 4 }, 'maxSteps', 1],
  ['maxSteps at the end of an epoch', { maxSteps: 3 }, 'maxSteps', 1],
  ['maxTime', { maxTime: { seconds: 4 } }, 'maxTime', 1],
  [
    'a stop request',
    { callbacks: [onStepEnd((s) => (s.step === 4 ? s.requestStop('enough') : undefined))], maxEpochs: 9 },
    'stop',
    1,
  ],
] satisfies [string, Options, string, number][])(
  'events pair at %s',
  async (_name, options, reason, epochsDone) => {
    const log: string[] = []
    const host = new FakeHost()
    const clock: Callback = { onStepEnd: () => void (host.time += 1000) }
    const callbacks = [
      clock,
      recorder(log, short),
      ...(('callbacks' in options ? options.callbacks : []) as Callback[]),
    ]
    const result = await trainer({ ...options, host, callbacks }).train()
    const count = (event: string): number => log.filter((e) => e === event).length
    expect(result.reason).toBe(reason)
    expect(result.epoch).toBe(epochsDone)
    for (const pair of ['Batch', 'Step', 'Action'])
      expect(count(`${pair}Start`), pair).toBe(count(`${pair}End`))
    expect(count('EpochEnd')).toBe(epochsDone)
    expect(count('StepEnd')).toBe(result.step)
    expect(log.slice(-2)).toEqual(['SavePoint', 'ActionEnd'])
    expect(ToyTensor.live).toBe(0)
  },
)

test('an epoch cut short by a stop gets no onEpochEnd and no count', async () => {
  const log: string[] = []
  const result = await trainer({ maxSteps: 2, maxEpochs: 5, callbacks: [recorder(log, short)] }).train()
  expect(log).not.toContain('EpochEnd')
  expect(result).toMatchObject({ step: 2, epoch: 0, reason: 'maxSteps' })
})

test('a stop asked for at any event waits for the step in flight, and only for that', async () => {
  const stops: Record<string, number> = {}
  for (const event of [
    'onActionStart',
    'onEpochStart',
    'onStepStart',
    'onBatchStart',
    'onBatchEnd',
    'onStepEnd',
    'onSavePoint',
  ] as const) {
    const callback: Callback = {
      [event]: (s: { requestStop(reason: string): void }) => s.requestStop(`at ${event}`),
    }
    const result = await trainer({ maxEpochs: 5, batchesPerStep: 2, callbacks: [callback] }).train()
    expect(result).toMatchObject({ reason: 'stop', detail: `at ${event}` })
    stops[event] = result.step
  }
  expect(stops).toEqual({
    onActionStart: 0,
    onEpochStart: 0,
    onStepStart: 1,
    onBatchStart: 1,
    onBatchEnd: 1,
    onStepEnd: 1,
    onSavePoint: 1,
  })
})

test('a stop at the last step of an epoch still completes the epoch', async () => {
  const log: string[] = []
  const stop = onStepEnd((s) => (s.step === 3 ? s.requestStop('done') : undefined))
  const result = await trainer({ maxEpochs: 5, callbacks: [stop, recorder(log, short)] }).train()
  expect(result).toMatchObject({ step: 3, epoch: 1 })
  expect(log.filter((e) => e === 'EpochEnd')).toHaveLength(1)
})

test('train() goes on where the last one stopped', async () => {
  let stopAt = 2
  const run = trainer({
    maxEpochs: 2,
    callbacks: [onStepEnd((s) => (s.step === stopAt ? s.requestStop('pause') : undefined))],
  })
  expect(await run.train()).toMatchObject({ step: 2, epoch: 0 })
  stopAt = Infinity
  expect(await run.train()).toMatchObject({ step: 6, epoch: 2, reason: 'maxEpochs' })
  const straight = trainer({ maxEpochs: 2 })
  await straight.train()
  expect(await run.module.getState()).toEqual(await straight.module.getState())
})

test('a finished run has nothing left to do but its action events and last save', async () => {
  const log: string[] = []
  const run = trainer({ maxSteps: 2, callbacks: [recorder(log, short)] })
  await run.train()
  log.length = 0
  expect(await run.train()).toMatchObject({ step: 2, reason: 'maxSteps' })
  expect(log).toEqual(['ActionStart', 'SavePoint', 'ActionEnd'])
})

test('the last, short window of an epoch is a step', async () => {
  const result = await trainer({ data: batches(2, 2, 2, 2, 2), batchesPerStep: 2, maxEpochs: 1 }).train()
  expect(result.step).toBe(3)
})

test('an accumulated step equals one step on the concatenated batch, the short last one too', async () => {
  const parts = batches(2, 3, 4, 1, 5)
  const concat = (...chosen: ToyBatch[]): ToyBatch => ({
    x: chosen.flatMap((b) => b.x),
    y: chosen.flatMap((b) => b.y),
  })
  const whole = [concat(parts[0]!, parts[1]!), concat(parts[2]!, parts[3]!), parts[4]!]
  const accumulated = trainer({ data: parts, batchesPerStep: 2, maxEpochs: 3 })
  const concatenated = trainer({ data: whole, maxEpochs: 3 })
  expect((await accumulated.train()).step).toBe(9)
  expect((await concatenated.train()).step).toBe(9)
  const [a, b] = [accumulated, concatenated].map((t) => t.module as ToyModule)
  expect(a!.weight).toBeCloseTo(b!.weight, 12)
  expect(a!.velocity).toBeCloseTo(b!.velocity, 12)
  expect(a!.weight).not.toBe(0)
})

test('the loop holds one batch ahead and gives back the iterator when it leaves early', async () => {
  let pulled = 0
  let closed = 0
  const data = {
    *epoch(): Iterable<ToyBatch> {
      try {
        for (const batch of batches(1, 1, 1, 1, 1, 1)) {
          pulled++
          yield batch
        }
      } finally {
        closed++
      }
    },
  }
  const last: boolean[] = []
  await trainer({ data, maxSteps: 2, callbacks: [onStepEnd((s) => last.push(s.isLastBatch))] }).train()
  expect([pulled, closed]).toEqual([3, 1])
  expect(last).toEqual([false, false])
  await trainer({ data, maxSteps: 6, callbacks: [onStepEnd((s) => last.push(s.isLastBatch))] }).train()
  expect(last.slice(2)).toEqual([false, false, false, false, false, true])
})

test('takes async data and an async module', async () => {
  const data = {
    async *epoch(): AsyncIterable<ToyBatch> {
      yield* batches(2, 2, 2)
    },
  }
  const straight = trainer({ maxEpochs: 2 })
  const asynchronous = trainer({ data, module: new ToyModule({ async: true }), maxEpochs: 2 })
  await straight.train()
  expect(await asynchronous.train()).toMatchObject({ step: 6 })
  expect(await asynchronous.module.getState()).toEqual(await straight.module.getState())
  expect(ToyTensor.live).toBe(0)
})

test('awaits nothing within an epoch when everything is synchronous', async () => {
  let ran = false
  const seen: boolean[] = []
  const callbacks = [
    onEpochStart(() => void 0),
    onStepStart(() => void queueMicrotask(() => (ran = true))),
    onStepEnd(() => seen.push(ran)),
  ]
  await trainer({ maxEpochs: 1, callbacks }).train()
  expect(seen).toEqual([false, false, false])
})

test('awaits a handler that returns a promise before the next one runs', async () => {
  const log: string[] = []
  const slow: Callback = {
    async onStepEnd() {
      await new Promise((done) => setTimeout(done, 1))
      log.push('slow')
    },
  }
  await trainer({ maxSteps: 2, callbacks: [slow, onStepEnd(() => log.push('next'))] }).train()
  expect(log).toEqual(['slow', 'next', 'slow', 'next'])
})

test('timers fire while a synchronous module trains', async () => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 5)
  const busy = (): void => {
    for (const end = performance.now() + 5; performance.now() < end;);
  }
  const run = new Trainer({
    module: new ToyModule({ work: busy }),
    data: batches(...Array<number>(80).fill(1)),
    maxEpochs: 1,
  })
  await run.train()
  clearInterval(timer)
  // 400 ms of work, a turn about every 50 ms.
  expect(ticks).toBeGreaterThanOrEqual(4)
})

test('gives a turn by time, not by step', async () => {
  const host = new FakeHost()
  await trainer({ host, maxEpochs: 100, callbacks: [onStepEnd(() => void (host.time += 10))] }).train()
  expect(host.turns).toBe(300 / 5)
})

test.each([
  ['at every step of ten milliseconds', 10, 300],
  ['seldom while steps are short', 0.01, 300 / 17],
])('looks at the clock %s', async (_name, stepTime, expected) => {
  let looks = 0
  class CountingHost extends FakeHost {
    override now(): number {
      looks += 1
      return super.now()
    }
  }
  const host = new CountingHost()
  const callbacks = [onStepEnd(() => void (host.time += stepTime))]
  await trainer({ host, maxEpochs: 100, callbacks }).train()
  // And a few at the start and around turns.
  expect(looks - host.turns).toBeGreaterThanOrEqual(Math.floor(expected))
  expect(looks - host.turns).toBeLessThanOrEqual(expected + 5)
})

test('when steps become long, the clock is looked at again at each', async () => {
  const host = new FakeHost()
  const slow = onStepEnd((s) => void (host.time += s.step < 100 ? 0.01 : 1000))
  const { step } = await trainer({ host, maxTime: { seconds: 60 }, callbacks: [slow] }).train()
  expect(step).toBeGreaterThanOrEqual(159)
  expect(step).toBeLessThanOrEqual(175)
})

test('a plain iterable is gone through up to the position', async () => {
  const interrupted = trainer({ maxSteps: 2 })
  await interrupted.train()
  const resumed = trainer({ maxEpochs: 1 })
  await resumed.updateState(await interrupted.getState())
  await resumed.train()
  const straight = trainer({ maxEpochs: 1 })
  await straight.train()
  expect(await resumed.module.getState()).toEqual(await straight.module.getState())
})

test('callbacks run in list order, loggers after the others', async () => {
  const log: string[] = []
  const named = (name: string, enforce?: 'post'): Callback => ({
    name,
    ...(enforce && { enforce }),
    onStepEnd: () => void log.push(name),
  })
  await trainer({
    maxSteps: 1,
    callbacks: [named('logger', 'post'), named('a'), named('other logger', 'post'), named('b')],
  }).train()
  expect(log).toEqual(['a', 'b', 'logger', 'other logger'])
})

test('the tensors of a batch are there from batch end to save point, and freed then', async () => {
  const names: Record<string, string[]> = {}
  const look = (event: string) => (state: { tensors: { names(): string[] } }) =>
    void (names[event] = state.tensors.names())
  const callback = Object.fromEntries(
    ['onStepStart', 'onBatchStart', 'onBatchEnd', 'onStepEnd', 'onSavePoint', 'onEpochEnd'].map((e) => [
      e,
      look(e),
    ]),
  )
  await trainer({ maxSteps: 2, callbacks: [callback as Callback] }).train()
  const all = ['loss', 'predictions', 'accuracy']
  expect(names).toEqual({
    onStepStart: [],
    onBatchStart: [],
    onBatchEnd: all,
    onStepEnd: all,
    onSavePoint: [],
  })
  expect(ToyTensor.live).toBe(0)
})
