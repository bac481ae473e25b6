import fs, { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Callback, onStepEnd, single } from '@trainyard/core'
import { SummaryWriter, TensorboardLogger } from '@trainyard/tensorboard'
import { expect, test } from 'vitest'
import { readEvents, readRows, readValues, scratch, trainer, writerTo } from './toy.ts'
import { ToyModule } from './toy-module.ts'

test('a run writes loss, learning rate, epochs and their time, and the validation metrics', async () => {
  const directory = scratch()
  await trainer(
    [new TensorboardLogger(writerTo(directory), { stepFreq: 3, tensorsToLog: ['loss', 'accuracy'] })],
    {
      maxEpochs: 2,
    },
  ).train()
  const rows = readRows(directory)
  const stepsOf = (tag: string): number[] => rows.filter(([name]) => name === tag).map(([, step]) => step)
  expect(
    Object.fromEntries([...new Set(rows.map(([tag]) => tag))].map((tag) => [tag, stepsOf(tag)])),
  ).toEqual({
    loss: [3, 6, 9, 12],
    accuracy: [3, 6, 9, 12],
    learning_rate: [3, 6, 9, 12],
    val_loss: [7, 14],
    val_accuracy: [7, 14],
    epoch: [7, 14],
    epoch_time: [7, 14],
  })
  expect(rows.filter(([tag]) => tag === 'learning_rate').map(([, , value]) => value)).toEqual(
    [3, 6, 9, 12].map((step) => Math.fround(0.001 / step)),
  )
  expect(rows.filter(([tag]) => tag === 'epoch').map(([, , value]) => value)).toEqual([1, 2])
})

test('by default it logs every 100 steps', async () => {
  const directory = scratch()
  await trainer([new TensorboardLogger(writerTo(directory))], { maxEpochs: 30 }).train()
  const steps = readRows(directory).filter(([tag]) => tag === 'loss')
  expect(steps.map(([, step]) => step)).toEqual([100, 200])
})

test('each kind can be switched off', async () => {
  const directory = scratch()
  const off = { logLearningRate: false, logEpochs: false, logValidation: false, tensorsToLog: [] }
  await trainer([new TensorboardLogger(writerTo(directory), { stepFreq: 1, ...off })]).train()
  expect(readRows(directory)).toEqual([])
})

test('a tensor may be given by reference, and has the name that its user gave it', async () => {
  const directory = scratch()
  const module = new ToyModule()
  const accuracy = module.tensor('accuracy').rename('acc')
  const logger = new TensorboardLogger(writerTo(directory), { stepFreq: 10, tensorsToLog: [accuracy] })
  await trainer([logger], { module, maxEpochs: 2 }).train()
  expect(readRows(directory)).toContainEqual(['acc', 10, Math.fround(0.09)])
})

test('images, sound and distributions are logged by name', async () => {
  const directory = scratch()
  const logger = new TensorboardLogger(writerTo(directory), {
    tensorFreq: 5,
    imagesToLog: ['pictures'],
    audioToLog: ['sound'],
    histogramsToLog: ['pictures'],
    examplesToLog: 3,
    sampleRate: 8000,
  })
  await trainer([logger], { maxSteps: 12 }).train()
  const values = readValues(directory).filter(({ plugin, data }) => plugin || data.kind !== 'scalar')
  expect(values.map(({ tag, step }) => [tag, step])).toEqual([
    ['pictures', 5],
    ['sound', 5],
    ['pictures', 5],
    ['pictures', 10],
    ['sound', 10],
    ['pictures', 10],
  ])
  const [pictures, sound, histogram] = values.map(({ data }) => data)
  // Width and height, and three of the five pictures.
  expect(pictures).toMatchObject({ kind: 'strings', shape: [5] })
  expect(sound).toMatchObject({ kind: 'strings', shape: [2] })
  expect(histogram).toMatchObject({ kind: 'histogram', count: 20 })
})

test('a name that no output has is found at the first step', async () => {
  const logger = new TensorboardLogger(writerTo(scratch()), { imagesToLog: ['picture'] })
  await expect(trainer([logger]).train()).rejects.toThrow(
    'callback "TensorboardLogger" failed in onStepEnd at step 1: [core] there is no tensor "picture"; there are: loss',
  )
})

test('weights are logged by their names, and a function of one’s own logs more', async () => {
  const directory = scratch()
  const logger = new TensorboardLogger(writerTo(directory), {
    stepFreq: 4,
    tensorFreq: 6,
    logWeights: true,
    tensorsToLog: [],
    logLearningRate: false,
    async logMore(writer, state, { module }) {
      writer.addScalar('updates', Number((await module.getState())['updates']), state.step)
      writer.addText('note', `step ${state.step}`, state.step)
    },
  })
  await trainer([logger], { maxSteps: 8, validate: undefined, maxEpochs: 9 }).train()
  const values = readValues(directory).filter(({ tag }) => !tag.startsWith('epoch'))
  expect(values.map(({ tag, step }) => [tag, step])).toEqual([
    ['updates', 4],
    ['note', 4],
    ['weights/dense/kernel', 6],
    ['weights/bias', 6],
    ['updates', 8],
    ['note', 8],
  ])
  expect(values[2]!.data).toMatchObject({ kind: 'histogram', min: -1, max: 6, count: 2 })
})

test('gradients of a module that does not show them are refused', async () => {
  const logger = new TensorboardLogger(writerTo(scratch()), { logGradients: true })
  await expect(trainer([logger]).train()).rejects.toThrow(
    '`logGradients` needs a module with watchGradients()',
  )
})

test('hyperparameters come from the config, and the end of the run is told if it was one', async () => {
  const hparams = { lr: 0.1, optimizer: { name: 'adam', betas: [0.9, 0.999] }, seed: null, skip: undefined }
  const tagsOf = async (options: object, callbacks: Callback[] = []): Promise<string[]> => {
    const directory = scratch()
    const logger = new TensorboardLogger(writerTo(directory), { hparams })
    await trainer([logger, ...callbacks], options)
      .train()
      .catch(() => {})
    return readValues(directory)
      .map(({ tag }) => tag)
      .filter((tag) => tag.startsWith('_hparams_'))
  }
  const [start, end] = ['_hparams_/session_start_info', '_hparams_/session_end_info']
  expect(await tagsOf({})).toEqual([start, end])
  expect(await tagsOf({}, [onStepEnd((state) => state.requestStop('good enough'))])).toEqual([start, end])
  const fail = onStepEnd(() => {
    throw new Error('oh no')
  })
  expect(await tagsOf({}, [fail])).toEqual([start])
  expect(await tagsOf({ maxTime: { seconds: 1e-9 } })).toEqual([start])

  const directory = scratch()
  await trainer([new TensorboardLogger(writerTo(directory), { hparams })]).train()
  const content = String(Buffer.from(readValues(directory)[0]!.pluginContent!))
  for (const name of ['lr', 'optimizer.name', 'optimizer.betas', '[0.9,0.999]', 'seed'])
    expect(content).toContain(name)
  expect(content).not.toContain('skip')
})

test('without a directory of its own the writer goes below that of the run', async () => {
  const directory = scratch()
  const run = trainer([new TensorboardLogger(new SummaryWriter())])
  run.logDirectory = directory
  await run.train()
  expect(readdirSync(directory)).toEqual(['tensorboard'])
  const own = trainer([new TensorboardLogger(new SummaryWriter(join(directory, 'own')))])
  own.logDirectory = directory
  await own.train()
  expect(readdirSync(directory)).toEqual(['own', 'tensorboard'])
})

test('only rank zero writes, and only while training', async () => {
  const directory = scratch()
  const ranks = [0, 1].map((globalRank) => ({ ...single(), globalRank }))
  for (const strategy of ranks) {
    const logger = new TensorboardLogger(writerTo(join(directory, String(strategy.globalRank))), {
      stepFreq: 1,
    })
    const run = trainer([logger], { strategy })
    await run.train()
    expect((await run.getState()).callbacks!['TensorboardLogger'] === null).toBe(strategy.globalRank === 1)
  }
  expect(readdirSync(directory)).toEqual(['0'])
  await trainer([new TensorboardLogger(writerTo(join(directory, 'eval')))]).evaluate()
  expect(existsSync(join(directory, 'eval'))).toBe(false)
})

test('a disk that refuses does not stop the training, unless asked to', async () => {
  const refusing = {
    ...fs,
    mkdirSync: () => {
      throw new Error('EROFS: read-only file system')
    },
  }
  const warnings: string[] = []
  const host = { fs: refusing, warn: (line: string) => void warnings.push(line) }
  const directory = join(scratch(), 'run')
  const warned = trainer([new TensorboardLogger(new SummaryWriter(directory, { host }), { stepFreq: 1 })])
  expect(await warned.train()).toMatchObject({ step: 21 })
  await warned.getState()
  expect(warnings).toEqual([expect.stringMatching(/EROFS.*Events are kept in memory/)])
  const strict = new SummaryWriter(join(directory, 'strict'), { host, onError: 'throw' })
  await expect(trainer([new TensorboardLogger(strict)]).train()).rejects.toThrow('EROFS')
})

test('a new run in an old directory says so, and tells TensorBoard to hide the old one', async () => {
  const directory = scratch()
  const warnings: string[] = []
  for (let run = 0; run < 2; run++) {
    const writer = writerTo(directory, warnings)
    await trainer([new TensorboardLogger(writer, { stepFreq: 1 })]).train()
    writer.close()
  }
  expect(warnings).toEqual([expect.stringMatching(/has files of another run: TensorBoard will not show/)])
  const starts = readEvents(directory).filter(({ isSessionStart }) => isSessionStart)
  expect(starts.map(({ step }) => step)).toEqual([0, 0])
})

test('the same trainer may train again, into the same file', async () => {
  const directory = scratch()
  const logger = new TensorboardLogger(writerTo(directory), { stepFreq: 1 })
  const pause = onStepEnd((state) => state.step === 5 && state.requestStop('a pause'))
  const run = trainer([logger, pause])
  expect(await run.train()).toMatchObject({ step: 5 })
  expect(await run.train()).toMatchObject({ step: 21 })
  expect(readdirSync(directory)).toHaveLength(1)
  const losses = readRows(directory).filter(([tag]) => tag === 'loss')
  expect(losses.map(([, step]) => step)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
})

test('options that make no sense are refused', () => {
  const writer = new SummaryWriter('runs/never')
  const make = (options: object) => () => new TensorboardLogger(writer, options)
  expect(() => new TensorboardLogger(undefined as never)).toThrow(
    '[tensorboard] the first argument must be a SummaryWriter: new TensorboardLogger(new SummaryWriter(directory))',
  )
  expect(make({ stepFreq: 0 })).toThrow('`stepFreq` must be a whole number of at least 1, not 0')
  expect(make({ tensorFreq: 0.5 })).toThrow('[tensorboard] `tensorFreq` must be a whole number of at least 1')
  expect(make({ imagesToLog: 'x' })).toThrow('[tensorboard] `imagesToLog` must be a list of names')
  expect(make({ examplesToLog: 0 })).toThrow('[tensorboard] `examplesToLog` must be')
  expect(make({ sampleRate: -1 })).toThrow('[tensorboard] `sampleRate` must be')
  expect(make({ hparams: 3 })).toThrow('[tensorboard] `hparams` must be an object such as { lr: 0.1 }, not 3')
  expect(make({ logMore: 3 })).toThrow('[tensorboard] `logMore` must be a function')
  expect(existsSync('runs/never')).toBe(false)
})

test('a misspelt name does not compile', () => {
  const writer = new SummaryWriter('runs/never')
  const wrong = new TensorboardLogger(writer, { tensorsToLog: ['lss'] })
  // @ts-expect-error there is no output "lss"
  void trainer([wrong])
  const right = new TensorboardLogger(writer, { tensorsToLog: ['loss', 'accuracy', 'val_loss'] })
  expect(trainer([right]).callbacks).toHaveLength(1)
})
