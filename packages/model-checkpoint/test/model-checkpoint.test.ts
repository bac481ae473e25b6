import { readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readCheckpoint, verifyCheckpoint } from '@trainyard/checkpointer'
import {
  type Callback,
  onCheckpoint,
  onStepEnd,
  type SavedCheckpoint,
  type TrainerState,
} from '@trainyard/core'
import { expect, test } from 'vitest'
import { AutoResume, ModelCheckpoint } from '../src/index.ts'
import { batches, FakeHost, folder, names, run } from './run.ts'

/** The names of the checkpoints, the link `last` left out. */
const checkpoints = (path: string): string[] => names(path).filter((name) => name !== 'last')

test('keeps the three best and the newest, by exact scores, and links the newest as last', async () => {
  const dirpath = folder()
  const saver = new ModelCheckpoint({ dirpath })
  // The first two look the same in their names.
  await run([saver], { scores: [0.100_04, 0.100_01, 0.2, 0.05, 0.3] }).train()
  expect(checkpoints(dirpath)).toEqual([
    'epoch=1-step=3-val_loss=0.1000',
    'epoch=2-step=6-val_loss=0.1000',
    'epoch=4-step=12-val_loss=0.0500',
    'epoch=5-step=15-val_loss=0.3000',
  ])
  expect(readlinkSync(join(dirpath, 'last'))).toBe('epoch=5-step=15-val_loss=0.3000')
  expect(saver.bestModelPath).toBe(join(dirpath, 'epoch=4-step=12-val_loss=0.0500'))
  expect(saver.bestModelScore).toBe(0.05)
  expect(saver.lastModelPath).toBe(join(dirpath, 'epoch=5-step=15-val_loss=0.3000'))
  expect([...saver.bestKModels.values()]).toEqual([0.05, 0.100_01, 0.100_04])
  const { manifest } = await readCheckpoint(join(dirpath, 'epoch=2-step=6-val_loss=0.1000'))
  expect(manifest.scores['val_loss']).toBe(0.100_01)
})

test('mode max, ties and NaN: the older of equals stays, NaN is never best', async () => {
  const dirpath = folder()
  const saver = new ModelCheckpoint({ dirpath, mode: 'max', saveTopK: 1, saveLast: false })
  await run([saver], { scores: [Number.NaN, 2, 2, 1, Number.NaN] }).train()
  expect(checkpoints(dirpath)).toEqual(['epoch=2-step=6-val_loss=2.0000'])
})

test.each([
  [{ saveTopK: -1 }, 5],
  [{ saveTopK: 0 }, 1],
  [{ saveTopK: 1, monitor: null }, 1],
  [{ saveTopK: 2, monitor: null, saveLast: false }, 2],
  [{ everyNEpochs: 2, saveTopK: -1 }, 3],
  [{ everyNEpochs: 2, saveTopK: -1, saveOnTrainEnd: false }, 2],
  [{ everyNTrainSteps: 5, saveTopK: -1, monitor: null }, 3],
  [{ everyNTrainSteps: 4, everyNEpochs: 2, saveTopK: -1, monitor: null }, 5],
])('with %j it leaves %i checkpoints of five epochs', async (options, count) => {
  const dirpath = folder()
  await run([new ModelCheckpoint({ dirpath, ...options })]).train()
  expect(checkpoints(dirpath)).toHaveLength(count)
})

test('every so many minutes goes by the clock of the host', async () => {
  const dirpath = folder()
  const host = new FakeHost()
  const clock = onStepEnd(() => void (host.time += 30_000))
  const saver = new ModelCheckpoint({
    dirpath,
    monitor: null,
    saveTopK: -1,
    trainTimeInterval: { minutes: 2 },
    saveOnTrainEnd: false,
  })
  await run([saver, clock], { host }).train()
  expect(checkpoints(dirpath)).toEqual(['epoch=1-step=4', 'epoch=2-step=8', 'epoch=4-step=12'])
})

test('a score is that of the same weights: where there is none, the next validation makes up for it', async () => {
  const dirpath = folder()
  const saver = new ModelCheckpoint({
    dirpath,
    everyNTrainSteps: 4,
    saveTopK: -1,
    saveLast: true,
    maxEpochs: 3,
  } as never)
  await run([saver], { maxEpochs: 3 }).train()
  const found = await Promise.all(
    checkpoints(dirpath).map(async (name) => {
      const { manifest } = await readCheckpoint(join(dirpath, name))
      return `${name} ${manifest.step}`
    }),
  )
  expect(found).toEqual([
    'epoch=1-step=4 4',
    'epoch=2-step=6-val_loss=4.0000 6',
    'epoch=2-step=8 8',
    'epoch=3-step=9-val_loss=3.0000 9',
  ])
  expect([...saver.bestKModels.values()]).toEqual([3, 4])
})

test('saveOnTrainEpochEnd: false saves after each validation of an epoch', async () => {
  const dirpath = folder()
  const saver = new ModelCheckpoint({ dirpath, saveTopK: -1, saveOnTrainEpochEnd: false })
  await run([saver], { validate: { data: batches(1), every: { steps: 2 } }, maxEpochs: 2 }).train()
  expect(checkpoints(dirpath)).toEqual([
    'epoch=0-step=2-val_loss=5.0000',
    'epoch=1-step=4-val_loss=4.0000',
    'epoch=2-step=6-val_loss=3.0000',
  ])
})

test('the training loss can be monitored, by name or reference', async () => {
  const dirpath = folder()
  const saver = new ModelCheckpoint({
    dirpath,
    monitor: 'loss',
    everyNTrainSteps: 2,
    saveTopK: 1,
    saveLast: false,
  })
  await run([saver]).train()
  expect(checkpoints(dirpath)).toHaveLength(1)
  expect(saver.bestModelScore).toBeTypeOf('number')
})

test('a monitor that the run does not have is an error before its first step', async () => {
  const saver = new ModelCheckpoint({ dirpath: folder() })
  const steps: number[] = []
  const count = onStepEnd((state: TrainerState) => void steps.push(state.step))
  await expect(run([saver, count], { validate: undefined }).train()).rejects.toThrow(
    'callback "ModelCheckpoint" reads "val_loss"; set `validate: { data }`',
  )
  expect(steps).toEqual([])
})

test('several in one run, in one folder, leave one another alone', async () => {
  const dirpath = folder()
  const best = new ModelCheckpoint({ dirpath, saveTopK: 1, saveLast: false, filename: 'best' })
  const every = new ModelCheckpoint({
    dirpath,
    monitor: null,
    everyNTrainSteps: 3,
    saveTopK: 2,
    name: 'steps',
    saveLast: false,
  })
  const same = new ModelCheckpoint({
    dirpath,
    monitor: null,
    everyNTrainSteps: 3,
    saveTopK: 1,
    name: 'same',
    saveLast: false,
  })
  await run([best, every, same], { scores: [3, 1, 2] }).train()
  expect(names(dirpath)).toEqual(['best', 'epoch=4-step=12', 'epoch=5-step=15', 'epoch=5-step=15-v1'])
  expect((await readCheckpoint(join(dirpath, 'best'))).manifest.step).toBe(6)
  expect(() => run([best, new ModelCheckpoint()])).toThrow(
    'two callbacks with a state are called "ModelCheckpoint"',
  )
})

test('onCheckpoint tells of each checkpoint when it is durable', async () => {
  const dirpath = folder()
  const told: string[] = []
  const listen = onCheckpoint(async (_state: TrainerState, { path, step }: SavedCheckpoint) => {
    const verdict = await verifyCheckpoint(path)
    told.push(`${step} ${verdict.ok}`)
  })
  await run([new ModelCheckpoint({ dirpath }), listen], { maxEpochs: 2 }).train()
  expect(told).toEqual(['3 true', '6 true'])
})

test('asynchronous saves leave the same folder, and tell of themselves before the run ends', async () => {
  const [sync, async] = [folder(), folder()]
  const told: number[] = []
  const listen: Callback = { onCheckpoint: (_state, { step }) => void told.push(step) }
  await run([new ModelCheckpoint({ dirpath: sync, saveTopK: 2 })], { scores: [3, 1, 4, 1, 5] }).train()
  const saver = new ModelCheckpoint({ dirpath: async, saveTopK: 2, asyncSave: true })
  await run([saver, listen], { scores: [3, 1, 4, 1, 5] }).train()
  expect(names(async)).toEqual(names(sync))
  expect(told).toEqual([3, 6, 9, 12, 15])
  for (const name of checkpoints(async)) {
    const [one, other] = await Promise.all([sync, async].map((path) => readCheckpoint(join(path, name))))
    expect(one!.checkpoint.module).toEqual(other!.checkpoint.module)
    expect(one!.checkpoint.trainer).toEqual(other!.checkpoint.trainer)
  }
})

test('saveWeightsOnly keeps the weights and nothing else', async () => {
  const dirpath = folder()
  await run([new ModelCheckpoint({ dirpath, saveWeightsOnly: true, saveTopK: 1 })], { maxEpochs: 1 }).train()
  const { checkpoint, manifest } = await readCheckpoint(join(dirpath, 'last'))
  expect(Object.keys(checkpoint)).toEqual(['module'])
  expect(manifest).toMatchObject({ step: 3, epoch: 1 })
})

test('saveBestModel goes back to the best weights, saves them as best, and the final state stays', async () => {
  const dirpath = folder()
  const seen: unknown[] = []
  const look: Callback = {
    async onEpochEnd(state, trainer) {
      seen[state.epoch] = await trainer.module.getState()
    },
  }
  const trainer = run([new ModelCheckpoint({ dirpath, saveBestModel: true, saveTopK: 1 }), look], {
    scores: [3, 1, 2, 4, 5],
  })
  await trainer.train()
  expect(await trainer.module.getState()).toEqual(seen[2])
  expect((await readCheckpoint(join(dirpath, 'best'))).checkpoint.module).toEqual(seen[2])
  expect((await readCheckpoint(join(dirpath, 'last'))).checkpoint.module).toEqual(seen[5])
})

test('a finished run with saveBestModel is over: it is not resumed from its best', async () => {
  const dirpath = folder()
  const start = async (resumePastEnd: boolean): Promise<number> => {
    let first = -1
    const look: Callback = { onActionStart: (state) => void (first = state.step) }
    const trainer = run([new ModelCheckpoint({ dirpath, saveBestModel: true }), look], {
      scores: [3, 1, 2, 4, 5],
    })
    new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true, resumePastEnd }).setup(trainer)
    await trainer.train()
    return first
  }
  expect(await start(false)).toBe(0)
  expect(await start(true)).toBe(15)
  expect(await start(false)).toBe(0)
})

test('a name of which no metric has a value is that of the step', async () => {
  const dirpath = folder()
  const host = new FakeHost()
  const stopper = onStepEnd((state: TrainerState) => void (state.step === 4 && host.signal('SIGTERM', 143)))
  await run([new ModelCheckpoint({ dirpath, filename: '{val_loss:.1f}' }), stopper], { host }).train()
  expect(checkpoints(dirpath)).toEqual(['epoch=1-step=4', 'val_loss=5.0'])
})

test('a stop and a signal save where they stop the run', async () => {
  for (const stop of ['stop', 'signal'] as const) {
    const dirpath = folder()
    const host = new FakeHost()
    const stopper = onStepEnd((state: TrainerState) => {
      if (state.step !== 4) return
      if (stop === 'stop') state.requestStop('enough')
      else host.signal('SIGTERM', 143)
    })
    await run([new ModelCheckpoint({ dirpath }), stopper], { host }).train()
    expect(checkpoints(dirpath)).toEqual(['epoch=1-step=3-val_loss=5.0000', 'epoch=1-step=4'])
    const { context } = await readCheckpoint(join(dirpath, 'last'))
    expect(context).toMatchObject({
      end: stop === 'stop' ? 'stop' : null,
      maxEpochs: 5,
      node: process.version,
    })
  }
})

test('goes on with its list after a resume, forgets what is gone, and deletes none of another run', async () => {
  const dirpath = folder()
  const first = run([new ModelCheckpoint({ dirpath, saveTopK: 2 })], {
    scores: [3, 1, 2, 9, 8],
    maxEpochs: 3,
  })
  await first.train()
  expect(checkpoints(dirpath)).toEqual(['epoch=2-step=6-val_loss=1.0000', 'epoch=3-step=9-val_loss=2.0000'])
  const { checkpoint } = await readCheckpoint(join(dirpath, 'last'))
  rmSync(join(dirpath, 'epoch=2-step=6-val_loss=1.0000'), { recursive: true })
  const host = new FakeHost()
  const saver = new ModelCheckpoint({ dirpath, saveTopK: 2 })
  const second = run([saver], { scores: [3, 1, 2, 9, 8], host })
  await second.updateState(checkpoint)
  await second.train()
  expect(host.warnings.join()).toContain('and forgotten: epoch=2-step=6-val_loss=1.0000')
  expect([...saver.bestKModels.values()]).toEqual([2, 8])
  expect(checkpoints(dirpath)).toEqual(['epoch=3-step=9-val_loss=2.0000', 'epoch=5-step=15-val_loss=8.0000'])
})

test('two runs that were broken anywhere leave the same folder as one that was not', async () => {
  const whole = folder()
  const options = { scores: [3, 1, 2, 1, 5] }
  const make = (dirpath: string): ModelCheckpoint =>
    new ModelCheckpoint({ dirpath, saveTopK: 2, everyNTrainSteps: 2, everyNEpochs: 1 })
  await run([make(whole)], options).train()
  for (let step = 1; step < 15; step++) {
    const dirpath = folder()
    const host = new FakeHost()
    const kill = onStepEnd((state: TrainerState) => void (state.step === step && host.signal('SIGTERM', 143)))
    await run([make(dirpath), kill], { ...options, host }).train()
    const resumed = run([make(dirpath)], options)
    await resumed.updateState((await readCheckpoint(join(dirpath, 'last'))).checkpoint)
    await resumed.train()
    const left = (path: string): string[] => names(path).filter((name) => !name.startsWith('.'))
    expect(left(dirpath)).toEqual(left(whole))
    const [one, other] = await Promise.all([whole, dirpath].map((path) => readCheckpoint(join(path, 'last'))))
    expect(other!.checkpoint.module).toEqual(one!.checkpoint.module)
    expect(other!.checkpoint.trainer).toEqual(one!.checkpoint.trainer)
  }
})

test.each([
  [{ mode: 'least' }, '`mode` must be min or max, not least'],
  [{ saveTopK: -2 }, '`saveTopK` must be a whole number from -1, which keeps all, not -2'],
  [{ saveTopK: 0, saveLast: false }, '`saveLast` must be true where `saveTopK` is 0'],
  [{ everyNTrainSteps: 0 }, '`everyNTrainSteps` must be a whole number of at least 1, not 0'],
  [{ everyNEpochs: 1.5 }, '`everyNEpochs` must be a whole number of at least 1, not 1.5'],
  [{ trainTimeInterval: { seconds: 0 } }, '`everyTime` must be a positive time'],
  [{ dirpath: '' }, '`dirpath` must be a path'],
  [
    { monitor: null, saveBestModel: true },
    '`monitor` must be the name of a metric where `saveBestModel` is set',
  ],
])('the options %j are an error at once', (options, message) => {
  expect(() => new ModelCheckpoint(options as never)).toThrow(message)
})
