import { beforeEach, expect, test } from 'vitest'
import { type Callback, type EventName, onStepEnd, Trainer, type TrainerOptions } from '../src/index.ts'
import { batches, eventNames, FakeHost, type ToyBatch, ToyModule, type ToyOutputs, ToyTensor } from './toy.ts'

beforeEach(() => {
  ToyTensor.live = 0
})

function trainer(options: Partial<TrainerOptions<ToyBatch, ToyOutputs>> = {}): Trainer<ToyBatch, ToyOutputs> {
  return new Trainer({
    module: new ToyModule(),
    data: batches(2, 2),
    validate: { data: batches(2) },
    maxEpochs: 2,
    host: new FakeHost(),
    ...options,
  })
}

/** Three callbacks that write down what they get; the one in the middle throws at one event. */
function three(log: string[], throwAt: EventName, error: unknown): Callback[] {
  return ['a', 'b', 'c'].map((name) => ({
    name,
    ...Object.fromEntries(
      eventNames.map((event) => [
        event,
        () => {
          log.push(`${name} ${event}`)
          if (name === 'b' && event === throwAt) throw error
        },
      ]),
    ),
  }))
}

const inTraining = eventNames.filter((e) => !['onResume', 'onCheckpoint', 'onException'].includes(e))

test.each(inTraining)(
  'an error in %s skips the rest of that event, then everybody who had started is told',
  async (event) => {
    const log: string[] = []
    const boom = new Error('boom')
    const run = trainer({ callbacks: three(log, event, boom) })
    const error = await run.train().then(
      () => undefined,
      (e: Error) => e,
    )
    expect(error?.message).toContain(`callback "b" failed in ${event}`)
    expect(error?.message).toContain('boom')
    expect(error?.cause).toBe(boom)
    const at = log.indexOf(`b ${event}`)
    const first = log.slice(0, at + 1)
    expect(first).not.toContain(`c ${event}`)
    const told = event === 'onActionStart' ? ['a', 'b'] : ['a', 'b', 'c']
    // Nobody has onActionEnd twice, not even the one that failed in it.
    expect(log.filter((entry) => entry.endsWith('onException'))).toEqual(
      told.map((name) => `${name} onException`),
    )
    expect(log.filter((entry) => entry.endsWith('onActionEnd'))).toEqual(
      told.map((name) => `${name} onActionEnd`),
    )
    if (event !== 'onActionEnd')
      expect(log.slice(at + 1)).toEqual(
        told.flatMap((name) => [`${name} onException`]).concat(told.map((name) => `${name} onActionEnd`)),
      )
    expect(ToyTensor.live).toBe(0)
  },
)

test('an error of an asynchronous handler is named as well', async () => {
  const late: Callback = {
    name: 'late',
    async onBatchEnd() {
      await Promise.resolve()
      throw new Error('too late')
    },
  }
  await expect(trainer({ callbacks: [late] }).train()).rejects.toThrow(
    '[core] callback "late" failed in onBatchEnd at step 0: too late',
  )
})

test('the first error is thrown, later ones hang on it', async () => {
  const later = new Error('cannot close')
  const callbacks: Callback[] = [
    { name: 'first', onStepEnd: () => Promise.reject(new Error('first')) },
    {
      name: 'closing',
      onActionEnd() {
        throw later
      },
    },
    { name: 'last', onActionEnd: () => void done.push('last') },
  ]
  const done: string[] = []
  const error = await trainer({ callbacks })
    .train()
    .catch((e: Error & { suppressed?: Error[] }) => e)
  expect(error).toMatchObject({ message: expect.stringContaining('first') })
  const suppressed = (error as { suppressed?: Error[] }).suppressed!
  expect(suppressed).toHaveLength(1)
  expect(suppressed[0]!.cause).toBe(later)
  expect(done).toEqual(['last'])
})

test('an error of the module or of the data comes out as it is, after everybody was told', async () => {
  const log: string[] = []
  const broken = new Error('out of memory')
  const module = new ToyModule({
    work() {
      throw broken
    },
  })
  await expect(trainer({ module, callbacks: three(log, 'onCheckpoint', undefined) }).train()).rejects.toBe(
    broken,
  )
  expect(log.slice(-6)).toEqual([
    'a onException',
    'b onException',
    'c onException',
    'a onActionEnd',
    'b onActionEnd',
    'c onActionEnd',
  ])

  const data = {
    *epoch(): Iterable<ToyBatch> {
      yield* batches(2)
      throw broken
    },
  }
  await expect(trainer({ data }).train()).rejects.toBe(broken)
})

test('onException gets the state and the error', async () => {
  let seen: unknown[] = []
  const callbacks: Callback[] = [
    onStepEnd(() => Promise.reject(new RangeError('odd'))),
    { onException: (state, error) => void (seen = [state.step, error]) },
  ]
  const error = await trainer({ callbacks })
    .train()
    .catch((e: unknown) => e)
  expect(seen).toEqual([1, error])
})

test('a trainer can go on after an error', async () => {
  let fail = true
  const callbacks = [
    onStepEnd(() => {
      if (fail) throw new Error('once')
    }),
  ]
  const run = trainer({ callbacks })
  await expect(run.train()).rejects.toThrow('once')
  fail = false
  expect(await run.train()).toMatchObject({ reason: 'maxEpochs', epoch: 2 })
})

test.each([
  ['maxEpochs', { maxEpochs: 0 }, '`maxEpochs` must be a whole number of at least 1, not 0'],
  ['maxEpochs', { maxEpochs: 1.5 }, '`maxEpochs` must be a whole number of at least 1, not 1.5'],
  ['maxSteps', { maxSteps: -3 }, '`maxSteps` must be a whole number of at least 1, not -3'],
  ['maxTime', { maxTime: { seconds: -1 } }, '`maxTime` must be a positive time such as { minutes: 30 }'],
  ['maxTime', { maxTime: {} }, '`maxTime` must be a positive time'],
  ['batchesPerStep', { batchesPerStep: 0 }, '`batchesPerStep` must be a whole number of at least 1, not 0'],
  [
    'validate.every.steps',
    { validate: { data: [], every: { steps: 0.5 } } },
    '`validate.every.steps` must be a whole number of at least 1, not 0.5',
  ],
  [
    'validate.every.epochs',
    { validate: { data: [], every: { epochs: -1 } } },
    '`validate.every.epochs` must be a whole number of at least 1, not -1',
  ],
  [
    'validate.data',
    { validate: { data: 7 as never } },
    '`validate.data` must be a data loader or an iterable of batches, not 7',
  ],
  ['data', { data: null as never }, '`data` must be a data loader or an iterable of batches, not null'],
  ['nonFinite', { nonFinite: 'hope' as never }, '`nonFinite` must be one of throw, skip, apply, not hope'],
  ['module', { module: undefined as never }, '`module` must be a training module, not undefined'],
  [
    'callbacks',
    { callbacks: [(() => {}) as never] },
    '`callbacks` must be a list of objects such as onStepEnd(fn), not ()',
  ],
  [
    'two states of one name',
    {
      callbacks: [
        { name: 'ema', getState: () => 1 },
        { name: 'ema', getState: () => 2 },
      ],
    },
    'two callbacks with a state are called "ema"',
  ],
] satisfies [string, Partial<TrainerOptions<ToyBatch, ToyOutputs>>, string][])(
  'a bad %s is refused when it is given',
  (_option, options, message) => {
    expect(() => trainer(options)).toThrow(`[core] ${message}`)
  },
)

test('a run without an end, without data, or without batches is an error', async () => {
  const module = new ToyModule()
  await expect(new Trainer({ module, data: batches(1) }).train()).rejects.toThrow(
    '[core] set `maxEpochs`, `maxSteps` or `maxTime`',
  )
  await expect(new Trainer({ module, maxEpochs: 1 }).train()).rejects.toThrow(
    '[core] `data` must be a data loader or an iterable of batches, not undefined',
  )
  await expect(trainer({ data: [] }).train()).rejects.toThrow('[core] epoch 0 has no batches')
  const once = (function* (): Generator<ToyBatch> {
    yield* batches(1, 1)
  })()
  await expect(trainer({ data: once }).train()).rejects.toThrow(
    '[core] epoch 1 has no batches: `data` is empty, or an iterable that works only once',
  )
  await expect(trainer({ validate: { data: [] } }).train()).rejects.toThrow(
    '[core] `validate.data` gives no batches',
  )
})

test('a trainer runs one thing at a time', async () => {
  const run = trainer()
  const first = run.train()
  await expect(run.evaluate()).rejects.toThrow('[core] this trainer is running already')
  expect(await first).toMatchObject({ reason: 'maxEpochs' })
})

test('a loss that is missing or no scalar is an error at the first batch', async () => {
  const module = new ToyModule({ loss: () => new ToyTensor([2], [1, 2]) })
  await expect(trainer({ module }).train()).rejects.toThrow(
    '[core] the trainer reads "loss", which is no scalar but has shape [2]',
  )
  const nameless = Object.assign(new ToyModule(), {
    trainBatch: () => ({ outputs: { cost: 1 }, examples: 1 }),
  })
  await expect(trainer({ module: nameless as never }).train()).rejects.toThrow(
    '[core] the trainer reads "loss", but there is no tensor "loss"; there are: cost',
  )
})

test('a NaN loss ends the run and leaves the weights alone', async () => {
  const module = new ToyModule({ loss: ({ step }) => (step === 1 ? NaN : 1) })
  await expect(trainer({ module }).train()).rejects.toThrow(
    '[core] the loss or a gradient is NaN or infinite at step 1 (epoch 0, batch 2)',
  )
  const healthy = new ToyModule({ loss: () => 1 })
  await trainer({ module: healthy, maxSteps: 1 }).train()
  expect(module.weight).toBe(healthy.weight)
})

test('a NaN loss can be skipped, with a warning, or let through', async () => {
  const host = new FakeHost()
  const nan = (): ToyModule => new ToyModule({ loss: ({ step }) => (step === 1 ? NaN : 1) })
  const skipping = nan()
  expect(await trainer({ module: skipping, nonFinite: 'skip', maxSteps: 2, host }).train()).toMatchObject({
    step: 2,
  })
  expect(host.warnings).toEqual([expect.stringContaining('NaN or infinite at step 1')])
  const applying = nan()
  await trainer({ module: applying, nonFinite: 'apply', maxSteps: 2 }).train()
  const healthy = new ToyModule({ loss: () => 1 })
  await trainer({ module: healthy, maxSteps: 1 }).train()
  expect(skipping.weight).toBe(healthy.weight)
  expect(applying.weight).not.toBe(healthy.weight)
})

test('always-NaN losses that are skipped do not make the run endless', async () => {
  const module = new ToyModule({ loss: () => NaN })
  expect(await trainer({ module, nonFinite: 'skip', maxSteps: 4 }).train()).toMatchObject({
    step: 4,
    reason: 'maxSteps',
  })
})
