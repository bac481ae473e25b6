import { beforeEach, expect, test } from 'vitest'
import {
  type Callback,
  onStepEnd,
  type TensorLike,
  type TensorRef,
  type TrainerState,
  Trainer,
  type TrainerOptions,
} from '../src/index.ts'
import { batches, FakeHost, type ToyBatch, ToyModule, type ToyOutputs, ToyTensor } from './toy.ts'

beforeEach(() => {
  ToyTensor.live = 0
  ToyTensor.reads = 0
})

type Names = 'loss' | 'accuracy'

function trainer(options: Partial<TrainerOptions<ToyBatch, ToyOutputs>> = {}): Trainer<ToyBatch, ToyOutputs> {
  return new Trainer({
    module: new ToyModule(),
    data: batches(2, 2, 2),
    maxEpochs: 2,
    host: new FakeHost(),
    ...options,
  })
}

function reader(names: readonly (Names | TensorRef)[], everySteps: number, seen: unknown[]): Callback<Names> {
  return {
    reads: names,
    stepEndEvery: everySteps,
    onStepEnd: (s) => void seen.push(Object.fromEntries(s.metrics)),
  }
}

test('reads only what somebody wants, at the steps where somebody wants it, once for all', async () => {
  const seen: unknown[] = []
  await trainer({
    callbacks: [reader(['loss'], 2, seen), reader(['loss', 'accuracy'], 3, []), { name: 'deaf' }],
  }).train()
  // Steps 2, 3, 4, 6 of 6; `accuracy` is a number already, and at 6 both want the loss.
  expect(ToyTensor.reads).toBe(4)
  expect(seen).toHaveLength(3)
  expect(ToyTensor.live).toBe(0)
})

test('stepEndEvery says at which steps a callback is called and its numbers are read; readsAt leaves out some of these', async () => {
  const steps: number[] = []
  const read: number[] = []
  const marked = Object.assign(
    onStepEnd((s) => void steps.push(s.step)),
    {
      reads: ['loss'] as const,
      stepEndEvery: 2,
      readsAt: (s: TrainerState) => (read.push(s.step), s.step === 4),
    },
  )
  await trainer({ callbacks: [marked] }).train()
  expect(steps).toEqual([2, 4, 6])
  expect(read).toEqual([2, 4, 6])
  expect(ToyTensor.reads).toBe(1)
})

test('nothing is read when nobody asks', async () => {
  await trainer({ callbacks: [onStepEnd(() => {})] }).train()
  expect(ToyTensor.reads).toBe(0)
})

test('all due scalars go to the module in one call', async () => {
  const calls: number[] = []
  const module = Object.assign(new ToyModule(), {
    readScalars: (values: readonly TensorLike[]) => (
      calls.push(values.length),
      Promise.resolve(values.map((v) => (typeof v === 'number' ? v : 7)))
    ),
  })
  const seen: unknown[] = []
  await trainer({
    module,
    batchesPerStep: 3,
    maxEpochs: 1,
    callbacks: [reader(['loss', 'accuracy'], 1, seen)],
  }).train()
  expect(calls).toEqual([6])
  expect(seen).toEqual([{ loss: 7, accuracy: expect.any(Number) }])
})

test('where all that is due are numbers already, the module is not asked', async () => {
  const module = Object.assign(new ToyModule(), {
    readScalars: () => {
      throw new Error('nothing is on a device')
    },
  })
  const seen: unknown[] = []
  const callbacks = [reader(['accuracy'], 1, seen)]
  await trainer({ module, data: batches(1, 3), batchesPerStep: 2, maxEpochs: 1, callbacks }).train()
  expect(seen).toEqual([{ accuracy: expect.any(Number) }])
})

test("metrics.loss is the mean over the batches of the step, weighted by examples; the tensor is the last batch's", async () => {
  const losses = [1, 4, 2]
  const module = new ToyModule({ loss: ({ batch }) => new ToyTensor([], [losses[batch]!]) })
  const seen: number[] = []
  const last = onStepEnd(
    async (state) => void seen.push((await state.tensors.read('loss')).data[0] as number),
  )
  const run = trainer({
    module,
    data: batches(1, 3, 4),
    batchesPerStep: 2,
    maxEpochs: 1,
    callbacks: [reader(['loss'], 1, seen as unknown[]), last],
  })
  await run.train()
  expect(seen).toEqual([{ loss: (1 * 1 + 4 * 3) / 4 }, 4, { loss: 2 }, 2])
  expect(ToyTensor.live).toBe(0)
})

test('a tensor can be read by reference, by its new name and by its unique name', async () => {
  const module = new ToyModule()
  const accuracy = module.tensor('accuracy').rename('acc')
  const predictions = module.tensor('predictions')
  const seen: unknown[] = []
  const look: Callback = {
    async onStepEnd({ tensors }) {
      expect(tensors.getTensor(predictions)).toBe(tensors.getTensor('predictions'))
      expect(tensors.getTensor(accuracy.uniqueName)).toBe(tensors.getTensor('acc'))
      expect(tensors.getTensor(predictions.uniqueName)).toBe(tensors.getTensor('predictions'))
      expect(tensors.names()).toEqual(['loss', 'predictions', 'acc'])
      expect(await tensors.read(predictions)).toEqual({ shape: [2], data: expect.any(Float64Array) })
      expect(() => tensors.getTensor('precision')).toThrow(
        '[core] there is no tensor "precision"; there are: loss, predictions, acc',
      )
    },
  }
  await trainer({ module, maxSteps: 1, callbacks: [look, reader([accuracy], 1, seen)] }).train()
  expect(seen).toEqual([{ acc: expect.any(Number) }])
})

test('references: the same one for the same output, names given once, loss reserved', () => {
  const module = new ToyModule()
  const p = module.tensor('predictions')
  expect(module.tensor('predictions')).toBe(p)
  expect(p).toMatchObject({ key: 'predictions', name: 'predictions' })
  expect(p.rename('p').name).toBe('p')
  expect(p.rename('p').rename('q').name).toBe('q')
  expect(() => p.rename('loss')).toThrow('the name "loss" is reserved')
  expect(() => module.tensor('loss').rename('cost')).toThrow('the name "loss" is reserved')
  module.tensor('accuracy')
  expect(() => p.rename('accuracy')).toThrow(
    '"predictions" cannot be renamed to "accuracy": another tensor has that name',
  )
  expect(new ToyModule().tensor('predictions').uniqueName).not.toBe(p.uniqueName)
})

test('a name that does not exist fails at the first batch, naming the callback', async () => {
  const wrong: Callback<never> = {
    name: 'my logger',
    reads: ['lss' as never],
    readsAt: (s) => s.step === 1000,
  }
  await expect(trainer({ callbacks: [wrong] }).train()).rejects.toThrow(
    '[core] callback "my logger" reads "lss", but there is no tensor "lss"; there are: loss, predictions, accuracy',
  )
})

test('a tensor that is no scalar cannot be read as one', async () => {
  const wrong = { name: 'my logger', reads: ['predictions'] as const }
  await expect(trainer({ callbacks: [wrong] }).train()).rejects.toThrow(
    'callback "my logger" reads "predictions", which is no scalar but has shape [2]',
  )
})

test('a val_ name without validation is an error before the run', async () => {
  await expect(
    trainer({ callbacks: [{ name: 'stopper', reads: ['val_loss'] as const }] }).train(),
  ).rejects.toThrow('[core] callback "stopper" reads "val_loss"; set `validate: { data }`')
})

test('validation gives example-weighted means over the whole set', async () => {
  const module = new ToyModule({ loss: ({ batch }) => [1, 5][batch] })
  const run = trainer({ module, data: batches(2), validate: { data: batches(1, 3) }, maxEpochs: 1 })
  const { metrics } = await run.train()
  expect(metrics['val_loss']).toBe((1 * 1 + 5 * 3) / 4)
  expect(Object.keys(metrics)).toEqual(['val_loss', 'val_accuracy'])
  expect(ToyTensor.live).toBe(0)
})

test('evaluate() gives weighted means and fires action and batch events', async () => {
  const events: string[] = []
  const log = (event: string) => (s: { action: string; batch: number }) =>
    void events.push(`${event} ${s.action} ${s.batch}`)
  const callback = Object.fromEntries(
    [
      'onActionStart',
      'onEpochStart',
      'onStepStart',
      'onBatchStart',
      'onBatchEnd',
      'onStepEnd',
      'onActionEnd',
    ].map((e) => [e, log(e)]),
  )
  const module = new ToyModule({ loss: ({ batch }) => [1, 5][batch] })
  const atEnd: Callback = { onActionEnd: (s) => void events.push(`loss ${s.metrics.get('loss')}`) }
  const run = trainer({ module, callbacks: [callback as Callback, atEnd] })
  const { loss, accuracy } = await run.evaluate(batches(1, 3))
  expect(loss).toBe(4)
  expect(accuracy).toBe(0)
  expect(run.state.metrics.get('loss')).toBe(4)
  expect(events).toEqual([
    'onActionStart eval 0',
    'onBatchStart eval 0',
    'onBatchEnd eval 1',
    'onBatchStart eval 1',
    'onBatchEnd eval 2',
    'onActionEnd eval 2',
    'loss 4',
  ])
  expect(ToyTensor.live).toBe(0)
})

test('evaluate() between two halves of an epoch does not move the run', async () => {
  let stop = true
  const run = trainer({
    callbacks: [onStepEnd((s) => (stop && s.step === 2 ? s.requestStop('pause') : undefined))],
    validate: { data: batches(2) },
  })
  await run.train()
  await run.evaluate()
  expect(run.state.batch).toBe(2)
  stop = false
  expect(await run.train()).toMatchObject({ step: 6 })
})

test('predict() gives one output of each batch', async () => {
  const run = trainer({ maxSteps: 3 })
  await run.train()
  const data = batches(2, 1)
  const weight = (run.module as ToyModule).weight
  const predicted = await run.predict(data)
  expect(predicted.map(({ data: values }) => [...(values as Float64Array)])).toEqual(
    data.map(({ x }) => x.map((v) => v * weight)),
  )
  expect((await run.predict(data, 'accuracy'))[0]).toEqual({ shape: [], data: Float64Array.of(1) })
  await expect(run.predict(data, 'lables' as never)).rejects.toThrow('there is no tensor "lables"')
  expect(ToyTensor.live).toBe(0)
})

test('a module without the method that is needed is named', async () => {
  const module = Object.assign(new ToyModule(), { evalBatch: undefined, predictBatch: undefined }) as never
  await expect(trainer({ module }).evaluate(batches(1))).rejects.toThrow(
    '[core] the module has no evalBatch(), which evaluate(data) needs',
  )
  await expect(trainer({ module }).predict(batches(1))).rejects.toThrow(
    '[core] the module has no predictBatch()',
  )
  await expect(trainer().evaluate()).rejects.toThrow('[core] `evaluate(data)` must be a data loader')
})

test('a name given twice is refused, whatever was asked for before', async () => {
  const module = new ToyModule()
  module.tensor('predictions').rename('accuracy')
  await expect(trainer({ module }).train()).rejects.toThrow(
    '[core] two tensors are called "accuracy"; rename() one of them',
  )
})

test('a val_ name that validation will not give fails at the first batch', async () => {
  const wrong = { name: 'stopper', reads: ['val_lss' as 'val_loss'] }
  await expect(trainer({ validate: { data: batches(1) }, callbacks: [wrong] }).train()).rejects.toThrow(
    '[core] callback "stopper" reads "lss", but there is no tensor "lss"',
  )
})

test('a refused evaluate() inside a run leaves the run alone', async () => {
  const names: string[][] = []
  const run = trainer({
    maxSteps: 4,
    callbacks: [
      onStepEnd(async ({ tensors }) => {
        await expect(run.evaluate(batches(1))).rejects.toThrow('to evaluate meanwhile, use `validate`')
        names.push(tensors.names())
      }),
    ],
  })
  await run.train()
  expect(names.map(String)).toEqual(Array(4).fill('loss,predictions,accuracy'))
  expect(ToyTensor.live).toBe(0)
})

test('one tensor under two names is freed once', async () => {
  const module = new ToyModule()
  const alias = Object.assign(Object.create(module) as ToyModule, {
    trainBatch(...args: Parameters<ToyModule['trainBatch']>) {
      const { outputs, examples } = module.trainBatch(...args) as { outputs: ToyOutputs; examples: number }
      return { outputs: { ...outputs, accuracy: outputs.loss }, examples }
    },
    optimizerStep: module.optimizerStep.bind(module),
    tensor: module.tensor.bind(module),
    optimizers: module.optimizers,
  })
  await trainer({ module: alias, batchesPerStep: 2, callbacks: [{ reads: ['loss'] }] }).train()
  expect(ToyTensor.live).toBe(0)
})
