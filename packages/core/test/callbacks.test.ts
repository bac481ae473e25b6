import { expect, test } from 'vitest'
import {
  after,
  type AnyOutputs,
  Callback,
  eventDecorator,
  every,
  onActionEnd,
  onBatchEnd,
  onEpochEnd,
  onEpochStart,
  onRankZero,
  onSavePoint,
  onStepEnd,
  onStepStart,
  type Outputs,
  single,
  Trainer,
  type TrainerHandle,
  type TrainerOptions,
  type TrainerState,
} from '../src/index.ts'
import { batches, FakeHost, type ToyBatch, ToyModule, type ToyOutputs } from './toy.ts'

declare module '../src/index.ts' {
  interface EventHandlers<O extends Outputs = AnyOutputs> {
    /** An event of this test's own. */
    onFlood?(state: TrainerState<O>, level: number, trainer: TrainerHandle): unknown
  }
}

function trainer(options: Partial<TrainerOptions<ToyBatch, ToyOutputs>> = {}): Trainer<ToyBatch, ToyOutputs> {
  return new Trainer({
    module: new ToyModule(),
    data: batches(1, 1, 1),
    maxEpochs: 2,
    host: new FakeHost(),
    ...options,
  })
}

test('a plain object, a class, a function and decorated methods all get (state, trainer)', async () => {
  const log: string[] = []
  class Tracker extends Callback {
    steps = 0
    override onStepEnd(state: TrainerState): void {
      this.steps = state.step
    }
  }
  class Decorated extends Callback {
    readonly #prefix = 'method'
    @onStepEnd first(state: TrainerState): void {
      log.push(`${this.#prefix} ${state.step}`)
    }
    @onStepEnd @every(4) second(state: TrainerState): void {
      log.push(`every ${state.step}`)
    }
    @every(4) @onStepEnd otherOrder(state: TrainerState): void {
      log.push(`also every ${state.step}`)
    }
    // oxlint-disable-next-line no-unused-private-class-members
    @onActionEnd #hidden(): void {
      log.push(`${this.#prefix} hidden`)
    }
  }
  const tracker = new Tracker()
  const run = trainer({
    callbacks: [
      tracker,
      {
        name: 'object',
        onActionStart(state, handle) {
          log.push(
            `${this.name} ${handle === run} ${handle.totalSteps} ${handle.stepsPerEpoch} ${state.action}`,
          )
        },
      },
      new Decorated(),
      onActionEnd((state) => log.push(`function ${state.step}`)),
    ],
  })
  await run.train()
  expect(tracker.steps).toBe(6)
  expect(log).toEqual([
    'object true 6 3 train',
    'method 1',
    'method 2',
    'method 3',
    'method 4',
    'every 4',
    'also every 4',
    'method 5',
    'method 6',
    'method hidden',
    'function 6',
  ])
})

test('two objects of a decorated class do not share their marks', async () => {
  class Counter extends Callback {
    count = 0
    @onStepEnd add(): void {
      this.count++
    }
  }
  const [used, unused] = [new Counter(), new Counter()]
  await trainer({ callbacks: [used] }).train()
  expect([used.count, unused.count]).toEqual([6, 0])
})

test('a subclass replaces a decorated method', async () => {
  const log: string[] = []
  class Base extends Callback {
    @onStepEnd report(): void {
      log.push('base')
    }
  }
  class Derived extends Base {
    override report(): void {
      log.push('derived')
    }
  }
  await trainer({ maxSteps: 1, callbacks: [new Derived()] }).train()
  expect(log).toEqual(['derived'])
})

test('every(n) counts the unit of its event', async () => {
  const seen: Record<string, number[]> = { step: [], epoch: [], batch: [], start: [], save: [] }
  const data = batches(1, 1, 1, 1)
  const callbacks = [
    onStepEnd(every(3)((s) => seen['step']!.push(s.step))),
    onEpochEnd(every(2)((s) => seen['epoch']!.push(s.epoch))),
    onBatchEnd(every(2)((s) => seen['batch']!.push(s.batch))),
    onStepStart(every(3)((s) => seen['start']!.push(s.step))),
    onSavePoint(every(4)((s) => seen['save']!.push(s.step))),
  ]
  await trainer({ data, maxEpochs: 3, callbacks }).train()
  expect(seen).toEqual({
    step: [3, 6, 9, 12],
    epoch: [2],
    batch: [2, 4, 2, 4, 2, 4],
    start: [0, 3, 6, 9],
    save: [4, 8, 12, 12],
  })
})

test('filters nest, and the innermost counts the same unit', async () => {
  const seen: number[] = []
  await trainer({
    maxEpochs: 4,
    callbacks: [onEpochEnd(every(2)(after(2)(onRankZero((s: TrainerState) => seen.push(s.epoch)))))],
  }).train()
  expect(seen).toEqual([4])
})

test('after(n) lets none of the first n through', async () => {
  const seen: number[] = []
  await trainer({ callbacks: [onStepEnd(after(4)((s) => seen.push(s.step)))] }).train()
  expect(seen).toEqual([5, 6])
})

test('a filter works on a method of an object and of a class', async () => {
  const seen: string[] = []
  class Filtered extends Callback {
    label = 'class'
    @every(3) override onStepEnd(state: TrainerState): void {
      seen.push(`${this.label} ${state.step}`)
    }
  }
  await trainer({
    callbacks: [{ onEpochStart: every(1)((s) => seen.push(`object ${s.epoch}`)) }, new Filtered()],
  }).train()
  expect(seen).toEqual(['object 0', 'class 3', 'object 1', 'class 6'])
})

test('onRankZero runs on the first rank and in a single process', async () => {
  const seen: (number | null)[] = []
  const one = onStepEnd(onRankZero((s: TrainerState) => seen.push(s.globalRank)))
  await trainer({ maxSteps: 1, callbacks: [one] }).train()
  const data = { epoch: (): ToyBatch[] => batches(1) }
  for (const globalRank of [0, 1])
    await trainer({ maxSteps: 1, data, callbacks: [one], strategy: { ...single(), globalRank } }).train()
  expect(seen).toEqual([null, 0])
})

test.each([
  [() => every(0), '`every(n)` must be a whole number of at least 1, not 0'],
  [() => every(2.5), '`every(n)` must be a whole number of at least 1, not 2.5'],
  [() => after(-1), '`after(n)` must be a whole number of at least 0, not -1'],
])('a filter with a bad count is refused: %s', (make, message) => {
  expect(make).toThrow(`[core] ${message}`)
})

test('keys that a callback puts on the state stay for the whole run', async () => {
  const seen: unknown[] = []
  const run = trainer({
    callbacks: [
      onEpochStart((state) => ((state as { mine?: number }).mine ??= 42)),
      onStepEnd((state) => seen.push((state as never)['mine'], state['step'] === state.step)),
    ],
    maxSteps: 4,
  })
  await run.train()
  expect(new Set(seen)).toEqual(new Set([42, true]))
})

test('the counters of the state cannot be written', () => {
  const { state } = trainer()
  for (const key of ['step', 'epoch', 'batch'])
    expect(() => ((state as unknown as Record<string, number>)[key] = 7)).toThrow(TypeError)
})

test('a package can add an event of its own and fire it', async () => {
  const seen: unknown[] = []
  const onFlood = eventDecorator('onFlood')
  const flood = onStepEnd((_state: TrainerState, handle) => handle.emit('onFlood', 3))
  await trainer({
    maxSteps: 1,
    callbacks: [onFlood((state, level) => void seen.push(state.step, level)), flood],
  }).train()
  expect(seen).toEqual([1, 3])
})

test('onCheckpoint carries what was saved, to everybody', async () => {
  const seen: unknown[] = []
  const saver = onSavePoint(
    every(3)((state, handle) => handle.emit('onCheckpoint', { path: 'somewhere', step: state.step })),
  )
  await trainer({
    maxSteps: 3,
    callbacks: [saver, { onCheckpoint: (state, saved, handle) => void seen.push(saved, handle.maxSteps) }],
  }).train()
  expect(seen).toEqual([{ path: 'somewhere', step: 3 }, 3, { path: 'somewhere', step: 3 }, 3])
})

test("callbacks that want a directory are told the trainer's before the run", async () => {
  const log: string[] = []
  const run = trainer({
    maxSteps: 1,
    callbacks: [
      { useDirectory: (directory) => void log.push(directory), onActionStart: () => void log.push('start') },
    ],
  })
  run.logDirectory = '/some/run'
  await run.train()
  expect(log).toEqual(['/some/run', 'start'])
})

test('a callback that is added before the first run takes its place among the others', async () => {
  const log: string[] = []
  const step = (name: string) => onStepEnd(() => void log.push(name))
  const run = trainer({ maxSteps: 1, callbacks: [step('first'), { ...step('logger'), enforce: 'post' }] })
  run.addCallback({ ...step('reader'), reads: ['accuracy'] })
  await run.train()
  expect(log).toEqual(['first', 'reader', 'logger'])
  expect(run.state.metrics.has('accuracy')).toBe(true)
})

test('what cannot be a callback, or comes after the first run, is not added', async () => {
  const run = trainer({ maxSteps: 1 })
  expect(() => run.addCallback(undefined as never)).toThrow('must be a list of objects such as onStepEnd(fn)')
  const keeper = { name: 'keeper', getState: () => 1 }
  run.addCallback(keeper)
  expect(() => run.addCallback({ ...keeper })).toThrow('two callbacks with a state are called "keeper"')
  await run.train()
  expect(() => run.addCallback({})).toThrow('[core] callbacks can be added only before the first run')
  expect(run.callbacks).toEqual([keeper])
})
