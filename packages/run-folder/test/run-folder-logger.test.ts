import { basename, join } from 'node:path'
import { defaultHost, onStepEnd, single, Trainer, type TrainerOptions } from '@trainyard/core'
import { openRuns, RunFolderLogger, RunLogger } from '@trainyard/run-folder'
import { expect, test } from 'vitest'
import { linesOf, newFolder, read } from './folders.ts'
import { numbers, ToyModule, type ToyOutputs } from './toy.ts'

function trainer(options: Partial<TrainerOptions<number, ToyOutputs>> = {}): Trainer<number, ToyOutputs> {
  return new Trainer<number, ToyOutputs>({
    module: new ToyModule(),
    data: numbers,
    maxEpochs: 3,
    validate: { data: numbers.slice(0, 3) },
    callbacks: [new RunFolderLogger({ stepFreq: 4 })],
    ...options,
  })
}

/** The rows of a run, without the times. */
function rowsOf(logDir: string): Record<string, unknown[]> {
  const run = Array.from(openRuns(join(logDir, '..'))).find(({ id }) => id === basename(logDir))
  return Object.fromEntries(
    run!.logNames.map((log) => [
      log,
      run!.rows(log).map(({ time: _time, epoch_time: _epochTime, ...row }) => row),
    ]),
  )
}

async function straightRun(): Promise<Record<string, unknown[]>> {
  const run = new RunLogger({ parentLogDir: newFolder() })
  const whole = trainer()
  run.setup(whole)
  await whole.train()
  run.finish()
  return rowsOf(run.logDir)
}

test('scalars go to train.json every so many steps, validation to val.json, epochs to epoch.json', async () => {
  const rows = await straightRun()
  expect(Object.keys(rows)).toEqual(['epoch', 'train', 'val'])
  expect(rows['train']).toHaveLength(15)
  expect(rows['train']![0]).toEqual({
    step: 4,
    epoch: 0,
    loss: expect.any(Number) as unknown,
    learning_rate: 0.01,
  })
  expect(rows['val']!.map((row) => Object.keys(row as object))).toEqual(
    Array.from({ length: 3 }, () => ['step', 'epoch', 'val_loss', 'val_accuracy']),
  )
  expect(rows['epoch']).toEqual([1, 2, 3].map((epoch) => ({ step: epoch * 20, epoch })))
})

test('whatever a callback puts into state.metrics is logged, too', async () => {
  const run = new RunLogger({ parentLogDir: newFolder() })
  const norm = onStepEnd(({ metrics, step }) => metrics.set('gradient_norm', step / 2))
  const own = trainer({
    callbacks: [new RunFolderLogger({ stepFreq: 10, tensorsToLog: ['accuracy'] }), norm],
    maxEpochs: 1,
  })
  run.setup(own)
  await own.train()
  run.finish()
  expect(rowsOf(run.logDir)['train']).toEqual([
    { step: 10, epoch: 0, accuracy: expect.any(Number) as unknown, learning_rate: 0.01, gradient_norm: 5 },
    { step: 20, epoch: 0, accuracy: expect.any(Number) as unknown, learning_rate: 0.01, gradient_norm: 10 },
  ])
})

test.each([1, 7, 20, 33, 59])(
  'stopped at step %i, thrown on past its checkpoint and resumed, a run has the rows of an unbroken one, each once',
  async (step) => {
    const parentLogDir = newFolder()
    const first = new RunLogger({ parentLogDir })
    const stopper = onStepEnd((state) => void (state.step === step && state.requestStop('here')))
    const one = trainer({ callbacks: [new RunFolderLogger({ stepFreq: 4 }), stopper] })
    first.setup(one)
    await one.train()
    const saved = structuredClone(await one.getState())
    // What comes after the checkpoint is lost with the process.
    first.logMetrics({ step: step + 1, loss: -1 }, 'train')
    first.logMetrics({ lost: true }, 'late')
    first.finish('INTERRUPTED')
    const second = new RunLogger({ parentLogDir, forcedLogId: 1 })
    const two = trainer()
    second.setup(two)
    await two.updateState(saved)
    await two.train()
    second.finish()
    const { late, ...rows } = rowsOf(second.logDir)
    expect(late).toEqual([])
    expect(rows).toEqual(await straightRun())
  },
)

test('a run that is gone on with, but has no checkpoint of its own, begins its rows anew, and says so', async () => {
  const parentLogDir = newFolder()
  const first = new RunLogger({ parentLogDir })
  const one = trainer({ maxSteps: 11 })
  first.setup(one)
  await one.train()
  first.finish()
  const second = new RunLogger({ parentLogDir, forcedLogId: 1 })
  const warnings: string[] = []
  const two = trainer({ host: { ...defaultHost(), warn: (line) => void warnings.push(line) } })
  second.setup(two)
  await two.train()
  second.finish()
  expect(rowsOf(second.logDir)).toEqual(await straightRun())
  expect(warnings).toEqual([
    `[run-folder] the training goes on from step 0, without a checkpoint of the run "${second.logDir}": later rows of train are gone`,
  ])
})

test('a checkpoint of another run cuts nothing', async () => {
  const parentLogDir = newFolder()
  const first = new RunLogger({ parentLogDir })
  const one = trainer({ maxEpochs: 1 })
  first.setup(one)
  await one.train()
  first.finish()
  const other = new RunLogger({ parentLogDir })
  other.logMetrics({ learned: 'before' }, 'remarks')
  const two = trainer({ maxEpochs: 2 })
  other.setup(two)
  await two.updateState(structuredClone(await one.getState()))
  await two.train()
  other.finish()
  expect(linesOf(other.logDir, 'remarks')).toHaveLength(1)
  expect(rowsOf(other.logDir)['train']!.map((row) => (row as { step: number }).step)).toEqual([
    24, 28, 32, 36, 40,
  ])
})

test('an error of the training fails the run; without a run there is an error, and none on other ranks', async () => {
  const run = new RunLogger({ parentLogDir: newFolder() })
  const broken = trainer({
    callbacks: [
      new RunFolderLogger(),
      onStepEnd(() => {
        throw new Error('no luck')
      }),
    ],
  })
  run.setup(broken)
  await expect(broken.train()).rejects.toThrow('no luck')
  run.finish()
  expect(read(run.logDir, 'metadata/info.yaml')).toMatch(/status: FAILED[^]*no luck/)
  await expect(trainer().train()).rejects.toThrow(
    '[run-folder] RunFolderLogger finds no run; before training, call',
  )
  const second = { ...single(), globalRank: 1, localRank: 1 }
  expect((await trainer({ strategy: second, maxSteps: 4 }).train()).step).toBe(4)
})
