import { expect, test } from 'vitest'
import { EarlyStopping, Trainer, type TrainResult } from '../src/index.ts'
import { batches, FakeHost, ToyModule } from './toy.ts'

/** Trains with the given losses, one an epoch, for training or validation. */
function run(
  losses: readonly number[],
  stopper: EarlyStopping<'val_loss' | 'loss' | 'val_accuracy'>,
): Trainer<never, never> {
  const module = new ToyModule({ loss: ({ epoch }) => losses[Math.max(0, epoch - 1)] ?? losses.at(-1) })
  return new Trainer({
    module,
    data: batches(1),
    validate: { data: batches(1) },
    maxEpochs: losses.length,
    nonFinite: 'apply',
    host: new FakeHost(),
    callbacks: [stopper],
  }) as never
}

test('stops after `patience` checks without improvement and says why', async () => {
  const stopper = new EarlyStopping({ monitor: 'val_loss', patience: 2 })
  const result: TrainResult = await run([5, 4, 4, 4.5, 3, 2], stopper).train()
  expect(result).toMatchObject({
    reason: 'stop',
    epoch: 4,
    detail: 'val_loss has not improved on 4 in 2 checks',
  })
  expect(stopper).toMatchObject({ best: 4, waited: 2 })
})

test('an improvement smaller than minDelta does not count', async () => {
  expect(
    await run(
      [5, 4.95, 4.9, 4.85],
      new EarlyStopping({ monitor: 'val_loss', patience: 2, minDelta: 0.2 }),
    ).train(),
  ).toMatchObject({ epoch: 3 })
})

test('mode max looks for more', async () => {
  expect(
    await run([1, 2, 3, 2, 1], new EarlyStopping({ monitor: 'val_loss', mode: 'max', patience: 1 })).train(),
  ).toMatchObject({ epoch: 4 })
})

test('NaN is no improvement, not even the first', async () => {
  const stopper = new EarlyStopping({ monitor: 'val_loss', patience: 2 })
  expect(await run([NaN, NaN, 1], stopper).train()).toMatchObject({ reason: 'stop', epoch: 2 })
  expect(stopper.best).toBeUndefined()
})

test('stops as soon as the threshold is reached', async () => {
  expect(
    await run([5, 3, 1, 0], new EarlyStopping({ monitor: 'val_loss', threshold: 3 })).train(),
  ).toMatchObject({ epoch: 2, detail: 'val_loss reached 3' })
})

test('watches a training scalar at the end of each epoch', async () => {
  expect(
    await run([5, 4, 4, 4, 4, 4], new EarlyStopping({ monitor: 'loss', patience: 1 })).train(),
  ).toMatchObject({ reason: 'stop' })
})

test('remembers over a resume: a stopped run stays stopped, a waiting one waits on', async () => {
  const losses = [5, 6, 6, 6, 6]
  const stopped = run(losses, new EarlyStopping({ monitor: 'val_loss', patience: 2 }))
  await stopped.train()
  const again = run(losses, new EarlyStopping({ monitor: 'val_loss', patience: 2 }))
  await again.updateState(JSON.parse(JSON.stringify({ ...(await stopped.getState()), module: undefined })))
  expect(await again.train()).toMatchObject({
    reason: 'stop',
    epoch: 3,
    detail: 'val_loss has not improved on 5 in 2 checks',
  })
})

test.each([
  [{ patience: 0 }, '`EarlyStopping patience` must be a whole number of at least 1, not 0'],
  [{ threshold: NaN }, '`EarlyStopping threshold` must be a number, not NaN'],
  [{ mode: 'up' as never }, '`EarlyStopping mode` must be one of min, max, not up'],
  [{ minDelta: NaN }, '`EarlyStopping minDelta` must be a number of at least 0, not NaN'],
])('bad options are refused: %o', (options, message) => {
  expect(() => new EarlyStopping(options)).toThrow(`[core] ${message}`)
})
