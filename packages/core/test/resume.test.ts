import { expect, test } from 'vitest'
import {
  Callback,
  type Checkpoint,
  type Checkpointer,
  every,
  onBatchEnd,
  onStepEnd,
  onValidationEnd,
  single,
  type Strategy,
  Trainer,
  type TrainerOptions,
  type TrainerState,
} from '../src/index.ts'
import { batches, FakeHost, recorder, type ToyBatch, ToyModule, type ToyOutputs } from './toy.ts'

type Options = Partial<TrainerOptions<ToyBatch, ToyOutputs>>

function trainer(options: Options = {}): Trainer<ToyBatch, ToyOutputs> {
  return new Trainer({
    module: new ToyModule(),
    data: batches(1, 2, 3, 4, 5),
    batchesPerStep: 2,
    maxEpochs: 3,
    host: new FakeHost(),
    ...options,
  })
}

/** What a state is after a trip through a file: JSON and raw bytes. */
function throughJson(checkpoint: Checkpoint): Checkpoint {
  const { weights } = checkpoint.module as { weights: Float64Array }
  return {
    ...JSON.parse(JSON.stringify({ ...checkpoint, module: undefined })),
    module: { weights: Float64Array.from(weights) },
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'stopped after %i steps and resumed, a run is the same as an unbroken one',
  async (k) => {
    const straight = trainer()
    const whole = await straight.train()
    const first = trainer({ maxSteps: k })
    await first.train()
    const log: string[] = []
    const second = trainer({
      callbacks: [recorder(log, (event, s) => `${event} ${s.epoch}/${s.step}/${s.batch}`) as Callback],
    })
    await second.updateState(throughJson(await first.getState()))
    expect(await second.train()).toMatchObject({ step: whole.step, epoch: whole.epoch })
    expect(await second.module.getState()).toEqual(await straight.module.getState())
    const position = `${Math.floor(k / 3)}/${k}/${(k % 3) * 2}`
    expect(log.slice(0, 3)).toEqual([
      `onResume ${position}`,
      `onActionStart ${position}`,
      `onEpochStart ${position}`,
    ])
  },
)

test('a run may be broken more than once in an epoch', async () => {
  const straight = trainer()
  await straight.train()
  let state: Checkpoint | undefined
  for (const maxSteps of [1, 2, 5, 9]) {
    const part = trainer({ maxSteps })
    if (state) await part.updateState(throughJson(state))
    await part.train()
    state = await part.getState()
  }
  expect(state!.module).toEqual(await straight.module.getState())
})

class Average extends Callback {
  override readonly name = 'average'
  value = 0
  override onStepEnd(): void {
    this.value += 1
  }
  override getState(): { value: number } {
    return { value: this.value }
  }
  override updateState(state: { value: number }): void {
    this.value = state.value
  }
}

test('callbacks get their states back by name, and metrics are kept', async () => {
  const validate = { data: batches(1) }
  const first = trainer({ callbacks: [new Average()], validate })
  const { metrics } = await first.train()
  const average = new Average()
  const host = new FakeHost()
  const second = trainer({ callbacks: [{ name: 'other' }, average], validate, host })
  await second.updateState(throughJson(await first.getState()))
  expect(average.value).toBe(9)
  expect(Object.fromEntries(second.state.metrics)).toEqual(metrics)
  expect(host.warnings).toEqual([])
})

test('a state without an owner is a warning that names it', async () => {
  const host = new FakeHost()
  const run = trainer({ host, callbacks: [{ name: 'deaf' }] })
  await run.updateState({ callbacks: { average: { value: 1 }, deaf: 1 } })
  expect(host.warnings).toEqual([
    '[core] no updateState() for the checkpoint\'s state of callback "average"',
    '[core] no updateState() for the checkpoint\'s state of callback "deaf"',
  ])
})

test('counters that make no sense are refused', async () => {
  await expect(trainer().updateState({ trainer: { step: -1, epoch: 0, batch: 0 } })).rejects.toThrow(
    '[core] `checkpoint.trainer.step` must be a whole number of at least 0, not -1',
  )
})

/** Keeps checkpoints in memory. */
function memory(log: string[], loaded?: Checkpoint): Checkpointer & { last?: Checkpoint } {
  const own: Checkpointer & { last?: Checkpoint } = {
    name: 'memory',
    async load() {
      log.push('load')
      return loaded
    },
    async save(checkpoint, index, force = false) {
      log.push(`save ${index} ${force}`)
      own.last = checkpoint
    },
    saveModel: async (_, index) => void log.push(`saveModel ${index}`),
  }
  return own
}

test('the checkpointer loads once, saves after every epoch and once more at the end', async () => {
  const log: string[] = []
  const checkpointer = memory(log)
  const run = trainer({
    checkpointer,
    maxEpochs: 2,
    callbacks: [onStepEnd((s) => void log.push(`step ${s.step}`))],
  })
  await run.train()
  await run.evaluate(batches(1))
  expect(log).toEqual([
    'load',
    'step 1',
    'step 2',
    'step 3',
    'save 1 false',
    'step 4',
    'step 5',
    'step 6',
    'save 2 false',
    'save 2 true',
    'saveModel 2',
  ])
  const again: string[] = []
  const straight = trainer()
  await straight.train()
  const resumed = trainer({ checkpointer: memory(again, checkpointer.last) })
  await resumed.train()
  expect(again[0]).toBe('load')
  expect(await resumed.module.getState()).toEqual(await straight.module.getState())
})

test('an empty checkpoint is a new start', async () => {
  const log: string[] = []
  await trainer({ checkpointer: memory([], {}), callbacks: [recorder(log) as Callback], maxSteps: 1 }).train()
  expect(log[0]).toBe('onActionStart')
})

test('a resume source is asked, too; if both find something, that is an error that names both', async () => {
  const first = trainer({ maxSteps: 2 })
  await first.train()
  const saved = await first.getState()
  const resumed = trainer({ maxSteps: 2 })
  resumed.resumeFrom = { name: 'AutoResume', load: async () => saved }
  expect(await resumed.train()).toMatchObject({ step: 2 })
  const torn = trainer({ checkpointer: memory([], saved) })
  torn.resumeFrom = { name: 'AutoResume', load: async () => saved }
  await expect(torn.train()).rejects.toThrow(
    '[core] both memory and AutoResume have a checkpoint; use one of them',
  )
})

test('a callback may be what a run goes on from; asked once, and one of several is an error', async () => {
  const first = trainer({ maxSteps: 2 })
  await first.train()
  const saved = await first.getState()
  const log: string[] = []
  let asked = 0
  const loads: Callback = { name: 'mine', load: () => (asked++, saved) }
  const resumed = trainer({ maxSteps: 4, callbacks: [recorder(log) as Callback, loads] })
  expect(await resumed.train()).toMatchObject({ step: 4 })
  await resumed.train()
  expect(asked).toBe(1)
  expect(log[0]).toBe('onResume')
  const torn = trainer({ checkpointer: memory([], saved), callbacks: [loads] })
  await expect(torn.train()).rejects.toThrow('[core] both memory and mine have a checkpoint; use one of them')
})

test('weights alone are a new start: no counter moves, and nothing is resumed', async () => {
  const log: string[] = []
  const weights = { module: { weights: Float64Array.of(2, 0) } }
  const started = trainer({
    checkpointer: memory([], weights),
    callbacks: [recorder(log) as Callback],
    maxSteps: 1,
  })
  expect(await started.train()).toMatchObject({ step: 1 })
  expect(log[0]).toBe('onActionStart')
  const fresh = trainer({ maxSteps: 1 })
  await fresh.train()
  expect(await started.module.getState()).not.toEqual(await fresh.module.getState())
})

test('a subclass of the trainer adds to the checkpoint and takes it back', async () => {
  class Mine extends Trainer<ToyBatch, ToyOutputs> {
    args: unknown = { epochs: 3 }
    override async getState(): Promise<Checkpoint> {
      return { ...(await super.getState()), args: this.args as never }
    }
    override async updateState(checkpoint: Checkpoint): Promise<void> {
      await super.updateState(checkpoint)
      this.args = checkpoint['args']
    }
  }
  const checkpointer = memory([])
  const options = { module: new ToyModule(), data: batches(1), maxEpochs: 1, host: new FakeHost() }
  await new Mine({ ...options, checkpointer }).train()
  const second = new Mine({
    ...options,
    checkpointer: memory([], { ...checkpointer.last, args: { epochs: 7 } }),
  })
  await second.train()
  expect(second.args).toEqual({ epochs: 7 })
})

test('validation of a resumed run sees the same state as that of an unbroken one', async () => {
  const seen: string[] = []
  const look: Callback = {
    onValidationEnd: (s: TrainerState) => void seen.push(`${s.step} ${s.metrics.get('val_loss')}`),
  }
  const options: Options = { validate: { data: batches(3), every: { steps: 2 } }, callbacks: [look] }
  await trainer(options).train()
  const straight = seen.splice(0)
  const first = trainer({ ...options, maxSteps: 3 })
  await first.train()
  const second = trainer(options)
  await second.updateState(throughJson(await first.getState()))
  await second.train()
  expect(seen).toEqual(straight)
})

test('evaluate() before train() leaves the position of a checkpoint alone', async () => {
  const first = trainer({ maxSteps: 2 })
  await first.train()
  const saved = throughJson(await first.getState())
  const straight = trainer()
  await straight.train()
  const resumed = trainer({ checkpointer: memory([], saved) })
  await resumed.evaluate(batches(1, 1))
  expect(await resumed.train()).toMatchObject({ step: 9 })
  expect(await resumed.module.getState()).toEqual(await straight.module.getState())
})

test('a checkpoint saved in the middle of a step goes on with that step, and so does the same trainer', async () => {
  const straight = trainer({ maxSteps: 4 })
  await straight.train()
  let saved: Checkpoint | undefined
  let failing = true
  const broken = trainer({
    maxSteps: 4,
    callbacks: [
      onBatchEnd((s) => {
        if (failing && s.batch === 3) throw new Error('in the middle')
      }),
      { onException: async (_state, _error, handle) => void (saved = await handle.getState()) },
    ],
  })
  await expect(broken.train()).rejects.toThrow('in the middle')
  expect(saved!.trainer).toMatchObject({ step: 1, batch: 2 })
  failing = false
  await broken.train()
  expect(await broken.module.getState()).toEqual(await straight.module.getState())
  const resumed = trainer({ maxSteps: 4 })
  await resumed.updateState(throughJson(saved!))
  await resumed.train()
  expect(await resumed.module.getState()).toEqual(await straight.module.getState())
})

test('metrics that are not finite survive JSON', async () => {
  const module = new ToyModule({ loss: ({ step }) => [NaN, Infinity, -Infinity][step] })
  const run = trainer({ module, nonFinite: 'apply', maxSteps: 1, callbacks: [{ reads: ['loss'] }] })
  for (const value of [NaN, Infinity, -Infinity]) {
    run.state.metrics.set('loss', value)
    const other = trainer()
    await other.updateState(JSON.parse(JSON.stringify({ trainer: (await run.getState()).trainer })))
    expect(other.state.metrics.get('loss')).toBe(value)
  }
})

test('a state with bad counters is refused before anything is changed', async () => {
  const run = trainer()
  const { module } = await run.getState()
  await expect(
    run.updateState({ module: { weights: [7, 7] }, trainer: { step: 1.5, epoch: 0, batch: 0 } }),
  ).rejects.toThrow('`checkpoint.trainer.step`')
  expect(await run.module.getState()).toEqual(module)
})

test('every(n) of validations goes on counting after a resume', async () => {
  const seen: number[] = []
  const options: Options = {
    validate: { data: batches(1), every: { steps: 1 } },
    callbacks: [onValidationEnd(every(2)((s) => seen.push(s.step)))],
  }
  await trainer(options).train()
  const straight = seen.splice(0)
  expect(straight).toEqual([2, 4, 6, 8])
  const first = trainer({ ...options, maxSteps: 3 })
  await first.train()
  const second = trainer(options)
  await second.updateState(throughJson(await first.getState()))
  await second.train()
  expect(seen).toEqual(straight)
})

test('onResume fires once, for training alone', async () => {
  const log: string[] = []
  const run = trainer({
    maxSteps: 1,
    callbacks: [{ onResume: () => void log.push('resume'), onActionStart: (s) => void log.push(s.action) }],
  })
  await run.updateState({ trainer: { step: 0, epoch: 0, batch: 0 } })
  await run.evaluate(batches(1))
  await run.train()
  await run.train()
  expect(log).toEqual(['eval', 'resume', 'train', 'train'])
})

test('the state of the strategy is kept, and only rank zero saves', async () => {
  const saved: Checkpoint[] = []
  const strategy = (globalRank: number): Strategy => ({
    ...single(),
    globalRank,
    getState: () => ({ phase: 3 }),
    updateState: (state) => void (phase = state['phase']),
  })
  let phase: unknown
  for (const rank of [0, 1])
    await trainer({
      data: { epoch: () => batches(1) },
      maxEpochs: 1,
      strategy: strategy(rank),
      checkpointer: { load: () => undefined, save: (checkpoint) => saved.push(checkpoint) },
    }).train()
  expect(saved).toHaveLength(2)
  await trainer({ strategy: strategy(0) }).updateState(throughJson(saved[0]!))
  expect(phase).toBe(3)
})
