import { expect, test } from 'vitest'
import {
  Callback,
  type Checkpoint,
  type Checkpointer,
  onStepEnd,
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
    '[core] the checkpoint has a state of callback "average", but no callback of that name has an updateState()',
    '[core] the checkpoint has a state of callback "deaf", but no callback of that name has an updateState()',
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
    '[core] both memory and AutoResume have a checkpoint to go on from; use only one of them',
  )
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
