import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCheckpoint, writeCheckpoint, writeSafetensors } from '@trainyard/checkpointer'
import { type Callback, onStepEnd, type TrainerState } from '@trainyard/core'
import { expect, test } from 'vitest'
import { AutoResume, CheckpointCallback, ModelCheckpoint } from '../src/index.ts'
import { FakeHost, folder, names, run, ToyModule } from './run.ts'

/** Runs up to a step and is then stopped by a signal. */
async function interrupted(dirpath: string, step: number): Promise<void> {
  const host = new FakeHost()
  const signal = onStepEnd((state: TrainerState) => void (state.step === step && host.signal('SIGTERM', 143)))
  await run([new ModelCheckpoint({ dirpath, everyNTrainSteps: 2, saveTopK: -1 }), signal], { host }).train()
}

/** Starts a run with AutoResume and tells at which step it began, what it said, and how it ended. */
async function start(
  dirpath: string,
  options: ConstructorParameters<typeof AutoResume>[0] = { resumeIfExists: true },
): Promise<{ first: number; lines: string; warnings: string; weights: unknown }> {
  const host = new FakeHost()
  let first: number | undefined
  const look: Callback = { onActionStart: (state) => void (first = state.step) }
  const trainer = run([new ModelCheckpoint({ dirpath, everyNTrainSteps: 2, saveTopK: -1 }), look], { host })
  new AutoResume(options).setup(trainer)
  await trainer.train()
  const weights = await trainer.module.getState()
  return { first: first!, lines: host.lines.join('\n'), warnings: host.warnings.join('\n'), weights }
}

async function straight(): Promise<unknown> {
  const trainer = run([])
  await trainer.train()
  return trainer.module.getState()
}

test('an interrupted run goes on where it was stopped and ends as one that never was', async () => {
  const dirpath = folder()
  await interrupted(dirpath, 7)
  const { first, lines, weights } = await start(dirpath)
  expect(first).toBe(7)
  expect(lines).toContain(`going on from "${join(dirpath, 'epoch=2-step=7')}": 7 steps and 2 epochs are done`)
  expect(weights).toEqual(await straight())
})

test('with nothing to go on from it starts anew if it may, and says so; else that is an error', async () => {
  const missing = join(folder(), 'missing')
  await expect(start(missing)).rejects.toThrow(
    `[model-checkpoint] there is no checkpoint in "${missing}"; set \`resumeIgnoreNoCheckpoint: true\` to start anew`,
  )
  const { first, lines } = await start(missing, { resumeIfExists: true, resumeIgnoreNoCheckpoint: true })
  expect(first).toBe(0)
  expect(lines).toContain(`there is no checkpoint in "${missing}": starting anew`)
})

test('a folder above the right one is pointed out', async () => {
  const above = folder()
  await interrupted(join(above, 'checkpoints'), 2)
  await expect(start(folder(), { resumeIfExists: true, dirpath: above })).rejects.toThrow(
    `there are some in "${join(above, 'checkpoints')}"`,
  )
})

test('a damaged checkpoint is named and passed over, and left where it is', async () => {
  const dirpath = folder()
  await interrupted(dirpath, 7)
  const newest = join(dirpath, 'epoch=2-step=7')
  truncateSync(join(newest, 'model.safetensors'), 20)
  const bytes = readFileSync(join(dirpath, 'epoch=2-step=6-val_loss=4.0000', 'trainer.json'))
  bytes[30]! ^= 1
  writeFileSync(join(dirpath, 'epoch=2-step=6-val_loss=4.0000', 'trainer.json'), bytes)
  const { first, warnings, weights } = await start(dirpath)
  expect(first).toBe(4)
  expect(warnings).toContain(
    `checkpoint "${newest}" is damaged and passed over: model.safetensors has 20 bytes`,
  )
  expect(warnings).toContain('trainer.json has CRC')
  expect(weights).toEqual(await straight())
  expect(names(dirpath)).toContain('epoch=2-step=7')
})

test('where all is damaged that is an error, whatever may be ignored', async () => {
  const dirpath = folder()
  await interrupted(dirpath, 2)
  for (const name of names(dirpath).filter((one) => one !== 'last'))
    truncateSync(join(dirpath, name, 'manifest.json'), 10)
  await expect(start(dirpath, { resumeIfExists: true, resumeIgnoreNoCheckpoint: true })).rejects.toThrow(
    `every checkpoint in "${dirpath}" is damaged or has weights only; nothing was deleted`,
  )
})

test('a run that is over is not resumed, but followed by a new one if that may be, or gone on with if asked', async () => {
  const dirpath = folder()
  await start(dirpath, { resumeIfExists: true, resumeIgnoreNoCheckpoint: true })
  await expect(start(dirpath)).rejects.toThrow(
    'is over (maxEpochs); `resumePastEnd: true` goes on from there',
  )
  const again = await start(dirpath, { resumeIfExists: true, resumeIgnoreNoCheckpoint: true })
  expect(again.first).toBe(0)
  expect(names(dirpath)).toContain('epoch=5-step=15-val_loss=1.0000-v1')
  // Weights from elsewhere make no difference to that.
  await expect(start(dirpath, { resumeIfExists: true, importPath: 'weights.safetensors' })).rejects.toThrow(
    'is over (maxEpochs)',
  )
  const past = await start(dirpath, { resumeIfExists: true, resumePastEnd: true })
  expect(past.first).toBe(15)
})

test('of several runs in a folder the last one goes on, though another got further', async () => {
  const dirpath = folder()
  const options = { resumeIfExists: true, resumeIgnoreNoCheckpoint: true }
  await start(dirpath, options)
  await interrupted(dirpath, 4)
  expect((await start(dirpath, options)).first).toBe(4)
})

test('a path is taken whatever else there is; a damaged or missing one is an error', async () => {
  const dirpath = folder()
  await interrupted(dirpath, 7)
  const path = join(dirpath, 'epoch=1-step=4')
  expect((await start(dirpath, { path })).first).toBe(4)
  expect((await start(dirpath, { path: join(dirpath, 'last') })).first).toBe(15)
  await expect(start(dirpath, { path: join(dirpath, 'none') })).rejects.toThrow(
    `there is no checkpoint "${join(dirpath, 'none')}"`,
  )
  truncateSync(join(path, 'model.safetensors'), 3)
  await expect(start(dirpath, { path })).rejects.toThrow(/checkpoint ".*step=4" is damaged/)
})

test('weights alone cannot be resumed, and it says what can be done with them', async () => {
  const dirpath = folder()
  await writeCheckpoint(join(dirpath, 'weights'), { module: { weights: Float64Array.of(1, 2) } })
  await expect(start(dirpath, { path: join(dirpath, 'weights') })).rejects.toThrow(
    'has weights only, which cannot be resumed; use `importPath`',
  )
  await expect(start(dirpath)).rejects.toThrow('there are only weights in')
})

test('it looks in the log directory where there is no ModelCheckpoint, and says what it lacks', async () => {
  const logDirectory = folder()
  await interrupted(join(logDirectory, 'checkpoints'), 3)
  const trainer = run([])
  new AutoResume({ resumeIfExists: true }).setup(trainer)
  await expect(trainer.train()).rejects.toThrow('AutoResume does not know where to look; set `dirpath`')
  const resumed: number[] = []
  const look: Callback = { onResume: (state) => void resumed.push(state.step) }
  const second = run([look])
  second.logDirectory = logDirectory
  new AutoResume({ resumeIfExists: true }).setup(second)
  await second.train()
  expect(resumed).toEqual([3])
})

test('setup() takes the module as well, and says if it is that of another trainer', async () => {
  const dirpath = folder()
  await interrupted(dirpath, 4)
  const trainer = run([new ModelCheckpoint({ dirpath })])
  const resume = new AutoResume({ resumeIfExists: true })
  expect(() => resume.setup(trainer, new ToyModule())).toThrow('the trainer has another module')
  resume.setup(trainer, trainer.module)
  expect(await trainer.train()).toMatchObject({ step: 15 })
})

test('CheckpointCallback does not begin with weights alone, unasked', async () => {
  const path = folder()
  await writeCheckpoint(join(path, 'weights'), { module: { weights: Float64Array.of(1, 2) } })
  await expect(run([new CheckpointCallback({ folder: path })]).train()).rejects.toThrow(
    'has weights only, which cannot be resumed; set another `loadFromFolder`',
  )
})

test.each([
  [{}, 'this AutoResume has nothing to do'],
  [{ path: 'a', importPath: 'b' }, 'set one of them'],
  [{ path: 'a', dirpath: 'b' }, 'set one of them'],
  [{ importPath: 'a', restoreConfig: { path: 'b' } }, 'not both'],
  [{ path: '' }, '`path` must be a path, not ""'],
])('the options %j are an error at once', (options, message) => {
  expect(() => new AutoResume(options)).toThrow(message)
})

/** A toy module whose weight has a name and a shape. */
class Named extends ToyModule {
  override getState() {
    return {
      weights: { 'dense/kernel': { shape: [1, 1], data: Float64Array.of(this.weight) } },
      optimizers: [this.velocity],
    }
  }

  override updateState({ weights, optimizers }: ReturnType<Named['getState']>): void {
    this.weight = weights['dense/kernel'].data[0]!
    if (optimizers) this.velocity = optimizers[0]!
  }
}

async function importInto(options: ConstructorParameters<typeof AutoResume>[0]): Promise<number> {
  const module = new Named()
  let first: number | undefined
  const look: Callback = { onActionStart: () => void (first = module.weight) }
  const trainer = run([look], { module, maxSteps: 1, validate: undefined })
  new AutoResume(options).setup(trainer)
  // The counters stay at zero.
  expect(await trainer.train()).toMatchObject({ step: 1 })
  return first!
}

test('a new run begins with weights from safetensors, by the same names or through a map', async () => {
  const path = join(folder(), 'weights.safetensors')
  await writeSafetensors(path, { 'linear.weight': { shape: [1, 1], data: Float32Array.of(7) } } as never)
  const map = { 'dense/kernel': 'linear.weight' }
  expect(await importInto({ restoreConfig: { path, names: map } })).toBe(7)
  expect(
    await importInto({ restoreConfig: { path, names: (variable) => map[variable as 'dense/kernel'] } }),
  ).toBe(7)
  await expect(importInto({ importPath: path })).rejects.toThrow(
    `"${path}" does not fit the module: it lacks "dense/kernel"; the module has no "linear.weight". Map names with \`names\``,
  )
})

test('a new run begins with the weights of a TensorFlow.js model, quantized ones too', async () => {
  const path = join(folder(), 'model.json')
  const weight = (rest: object): object => ({
    name: 'dense/kernel',
    shape: [1, 1],
    dtype: 'float32',
    ...rest,
  })
  const write = (entry: object, bytes: ArrayLike<number>): void => {
    writeFileSync(path, JSON.stringify({ weightsManifest: [{ paths: ['w.bin'], weights: [entry] }] }))
    writeFileSync(join(path, '..', 'w.bin'), Uint8Array.from(bytes))
  }
  write(weight({}), new Uint8Array(Float32Array.of(2.5).buffer))
  expect(await importInto({ importPath: path })).toBe(2.5)
  write(weight({ quantization: { dtype: 'uint8', scale: 0.5, min: -1 } }), [9])
  expect(await importInto({ importPath: path })).toBe(3.5)
  write(weight({ quantization: { dtype: 'float16' } }), [0x00, 0x3e])
  expect(await importInto({ importPath: path })).toBe(1.5)
  write(weight({}), [1, 2])
  await expect(importInto({ importPath: path })).rejects.toThrow('w.bin end within weight "dense/kernel"')
  write(weight({ dtype: 'string' }), [1, 2])
  await expect(importInto({ importPath: path })).rejects.toThrow('is of type string, which cannot be read')
})

test('a new run begins with a checkpoint of another one: weights, and the optimizer if asked', async () => {
  const path = join(folder(), 'other')
  const other = new Named()
  other.weight = 4
  other.velocity = 2
  await writeCheckpoint(path, {
    module: other.getState(),
    trainer: { step: 9, epoch: 3, batch: 0, validations: 0 },
  })
  expect(await importInto({ importPath: path })).toBe(4)
  expect(await importInto({ restoreConfig: { path, loadOptimState: true } })).toBe(4)
})

test("weights come through a reader of one's own, and a wrong shape is named", async () => {
  const read = (value: { shape: number[]; data: Float32Array }) => () => ({ 'dense/kernel': value })
  const good = read({ shape: [1, 1], data: Float32Array.of(3) })
  expect(await importInto({ restoreConfig: { path: 'any', read: good } })).toBe(3)
  const wrong = read({ shape: [2], data: Float32Array.of(3, 3) })
  await expect(importInto({ restoreConfig: { path: 'any', read: wrong } })).rejects.toThrow(
    '"dense/kernel" has shape [2], variable "dense/kernel" [1,1]',
  )
})

test('own checkpoints come before weights from elsewhere', async () => {
  const dirpath = folder()
  await interrupted(dirpath, 4)
  expect((await start(dirpath, { resumeIfExists: true, importPath: 'not looked at' })).first).toBe(4)
})

test('CheckpointCallback saves every so often, keeps the newest, and goes on by itself', async () => {
  const path = join(folder(), 'simple')
  mkdirSync(path)
  const make = (): CheckpointCallback =>
    new CheckpointCallback({ folder: path, stepFreq: 4, checkpointsToKeep: 2 })
  const host = new FakeHost()
  const signal = onStepEnd((state: TrainerState) => void (state.step === 10 && host.signal('SIGTERM', 143)))
  await run([make(), signal], { host }).train()
  expect(names(path)).toEqual(['step=10', 'step=8'])
  const trainer = run([make()])
  expect(await trainer.train()).toMatchObject({ step: 15 })
  expect(names(path)).toEqual(['step=12', 'step=15'])
  expect(await trainer.module.getState()).toEqual(await straight())
})

test('CheckpointCallback by epochs, from another folder, and with forceLoad', async () => {
  const path = folder()
  await run([new CheckpointCallback({ folder: path, epochFreq: 2, checkpointsToKeep: 0 })]).train()
  expect(names(path)).toEqual(['epoch=2', 'epoch=4', 'epoch=5'])
  expect((await readCheckpoint(join(path, 'epoch=4'))).manifest).toMatchObject({
    step: 12,
    epoch: 4,
    batch: 0,
  })
  const other = folder()
  const load = (loadFromFolder: string): CheckpointCallback =>
    new CheckpointCallback({ folder: other, loadFromFolder, forceLoad: true })
  await run([load(path)], { maxEpochs: 6 }).train()
  expect(names(other)).toEqual(['epoch=6'])
  await expect(run([load(join(other, 'none'))]).train()).rejects.toThrow(
    `there is no checkpoint in "${join(other, 'none')}", and \`forceLoad\` is set`,
  )
  for (const name of names(other)) truncateSync(join(other, name, 'trainer.json'), 1)
  await expect(run([new CheckpointCallback({ folder: other })]).train()).rejects.toThrow(
    'every checkpoint in',
  )
})
