import { expect, test } from 'vitest'
import {
  type LogPoint,
  onStepEnd,
  ScalarLogger,
  type ScalarLoggerOptions,
  single,
  type TensorRef,
  Trainer,
  type TrainerOptions,
} from '../src/index.ts'
import { batches, FakeHost, type ToyBatch, ToyModule, type ToyOutputs } from './toy.ts'

class Lines<const Read extends string | TensorRef = 'loss'> extends ScalarLogger<Read> {
  readonly rows: string[] = []
  protected override logScalars(scalars: ReadonlyMap<string, number>, at: LogPoint): void {
    this.rows.push(
      `${at.kind} ${at.epoch}/${at.step} ${[...scalars].map(([name, value]) => `${name}=${value}`).join(' ')}`,
    )
  }
}

function lines<const Read extends string | TensorRef = 'loss'>(
  options: ScalarLoggerOptions<Read>,
): Lines<Read> {
  return new Lines(options)
}

async function rows(
  logger: Lines<'loss' | 'accuracy' | TensorRef>,
  options: Partial<TrainerOptions<ToyBatch, ToyOutputs>> = {},
): Promise<string[]> {
  const host = new FakeHost()
  const module = new ToyModule({ loss: ({ step }) => step + 1 })
  const clock = onStepEnd(() => void (host.time += 500))
  await new Trainer({
    module,
    data: { epoch: () => batches(2, 2) },
    validate: { data: { epoch: () => batches(2) } },
    maxEpochs: 2,
    host,
    callbacks: [logger, clock],
    ...options,
  }).train()
  return logger.rows
}

test('logs scalars and the learning rate at stepFreq, epochs with their time, and validation', async () => {
  expect(await rows(lines({ tensorsToLog: ['loss'], stepFreq: 2 }))).toEqual([
    'step 0/2 loss=2 learning_rate=0.05',
    'validation 1/2 val_loss=3 val_accuracy=0',
    'epoch 1/2 epoch=1 epoch_time=1',
    'step 1/4 loss=4 learning_rate=0.05',
    'validation 2/4 val_loss=5 val_accuracy=0',
    'epoch 2/4 epoch=2 epoch_time=1',
  ])
})

test('each part can be switched off', async () => {
  const off = { logLearningRate: false, logEpochs: false, logValidation: false }
  expect(await rows(lines({ tensorsToLog: ['accuracy', 'loss'], stepFreq: 4, ...off }))).toEqual([
    'step 1/4 accuracy=1 loss=4',
  ])
})

test('takes references, and logs them by their names', async () => {
  const module = new ToyModule({ loss: () => 1 })
  const logger = new Lines({
    tensorsToLog: [module.tensor('accuracy').rename('acc')],
    stepFreq: 3,
    logLearningRate: false,
    logEpochs: false,
    logValidation: false,
  })
  expect(await rows(logger, { module })).toEqual(['step 1/3 acc=0'])
})

test('by default logs the loss every 100 steps', () => {
  expect(new Lines()).toMatchObject({ reads: ['loss'], stepFreq: 100 })
})

test('only rank zero writes', async () => {
  const strategy = { ...single(), globalRank: 1, localRank: 1 }
  expect(await rows(lines({ stepFreq: 1 }), { strategy })).toEqual([])
})

test('bad options are refused', () => {
  expect(() => new Lines({ stepFreq: 0 })).toThrow(
    '[core] `stepFreq` must be a whole number of at least 1, not 0',
  )
  expect(() => new Lines({ tensorsToLog: 'loss' as never })).toThrow(
    '[core] `tensorsToLog` must be a list of names or tensor references',
  )
})
