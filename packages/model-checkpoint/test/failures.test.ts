// What a saver does when a save, a deletion or the run fails, and what it leaves alone.
import { existsSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { readCheckpoint, writeCheckpoint } from '@trainyard/checkpointer'
import { onStepEnd, type TrainerState } from '@trainyard/core'
import { failAt, intercept, MemoryFileSystem } from '@trainyard/testing'
import { expect, test } from 'vitest'
import { ModelCheckpoint } from '../src/index.ts'
import { FakeHost, folder, names, run } from './run.ts'

/** The names of the checkpoints, the link `last` left out. */
const checkpoints = (path: string): string[] => names(path).filter((name) => name !== 'last')

test('what others have put into the folder stays, whatever it is called', async () => {
  const dirpath = folder()
  const foreign = join(dirpath, 'epoch=1-step=3-val_loss=5.0000')
  await writeCheckpoint(foreign, { module: { weights: Float64Array.of(7) } }, { info: { runId: 'another' } })
  await run([new ModelCheckpoint({ dirpath, saveTopK: 1 })], { scores: [5, 6, 7] }).train()
  expect((await readCheckpoint(foreign)).manifest.runId).toBe('another')
  expect(names(dirpath)).toContain('epoch=1-step=3-val_loss=5.0000-v1')
  await run([new ModelCheckpoint({ dirpath, saveTopK: 1, enableVersionCounter: false })], {
    scores: [5],
  }).train()
  expect((await readCheckpoint(foreign)).manifest.runId).not.toBe('another')
})

/** A file system, for the thread that saves, whose disk is full. */
const fullDisk = `
  const full = async () => { throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }) }
  export const createFileSystem = () => new Proxy({}, { get: (_, name) => name === 'then' ? undefined : full })`

test('an asynchronous save that fails ends the run at the next step, naming the path', async () => {
  const dirpath = folder()
  const steps: number[] = []
  const files = { module: `data:text/javascript;base64,${Buffer.from(fullDisk).toString('base64')}` }
  const saver = new ModelCheckpoint({ dirpath, asyncSave: true, everyNTrainSteps: 5, monitor: null, files })
  const slow = onStepEnd(async (state: TrainerState) => {
    steps.push(state.step)
    await new Promise((done) => setTimeout(done, 50))
  })
  await expect(run([slow, saver], { maxEpochs: 100 }).train()).rejects.toThrow(
    /checkpoint ".*epoch=1-step=5" could not be saved: ENOSPC: no space left on device/,
  )
  expect(steps.length).toBeLessThan(300)
  expect(saver.lastModelPath).toBeUndefined()
})

test("another run's best is not replaced", async () => {
  const dirpath = folder()
  const train = (scores: readonly number[]): Promise<unknown> =>
    run([new ModelCheckpoint({ dirpath, saveBestModel: true })], { scores }).train()
  await train([1, 2, 3, 4, 5])
  await train([5, 4, 1, 2, 3])
  expect((await readCheckpoint(join(dirpath, 'best'))).manifest).toMatchObject({ step: 3 })
  expect((await readCheckpoint(join(dirpath, 'best-v1'))).manifest).toMatchObject({ step: 9 })
})

test('what cannot be deleted is a warning, and is tried again at the next save and after a resume', async () => {
  const disk = new MemoryFileSystem()
  let isBusy = true
  const files = intercept(
    disk,
    failAt(({ name, args }) => name === 'rename' && /gone/.test(String(args[1])) && isBusy, 'EBUSY'),
  )
  const options = { dirpath: '/checkpoints', files, monitor: null, saveTopK: 1 } as const
  const left = async (): Promise<string[]> =>
    (await disk.readdir(options.dirpath)).filter((name) => name !== 'last').toSorted()
  const host = new FakeHost()
  await run([new ModelCheckpoint(options)], { host, maxEpochs: 2 }).train()
  expect(host.warnings).toEqual([
    expect.stringMatching(
      /^\[model-checkpoint\] .*epoch=1-step=3" could not be deleted: EBUSY.*nothing is lost/,
    ),
  ])
  expect(await left()).toEqual(['epoch=1-step=3', 'epoch=2-step=6'])
  const resume = async (maxEpochs: number): Promise<void> => {
    const trainer = run([new ModelCheckpoint(options)], { maxEpochs })
    await trainer.updateState((await readCheckpoint('/checkpoints/last', { files: disk })).checkpoint)
    await trainer.train()
  }
  await resume(3)
  expect(await left()).toEqual(['epoch=1-step=3', 'epoch=2-step=6', 'epoch=3-step=9'])
  isBusy = false
  await resume(4)
  expect(await left()).toEqual(['epoch=4-step=12'])
})

test('of what could be deleted only in part nothing is left after the next save', async () => {
  const disk = new MemoryFileSystem()
  let failing = 1
  const files = intercept(
    disk,
    failAt(({ name }) => name === 'unlink' && failing-- > 0, 'EIO'),
  )
  const options = { dirpath: '/checkpoints', files, monitor: null, saveTopK: 1, saveLast: false } as const
  const host = new FakeHost()
  await run([new ModelCheckpoint(options)], { host, maxEpochs: 3 }).train()
  expect(host.warnings).toHaveLength(1)
  expect(await disk.readdir('/checkpoints')).toEqual(['epoch=3-step=9'])
})

test('a damaged checkpoint is not deleted when its turn comes', async () => {
  const dirpath = folder()
  const spoil = onStepEnd((state: TrainerState) => {
    if (state.step === 7) truncateSync(join(dirpath, 'epoch=2-step=6', 'trainer.json'), 1)
  })
  await run([new ModelCheckpoint({ dirpath, monitor: null, saveTopK: 1 }), spoil]).train()
  expect(checkpoints(dirpath)).toEqual(['epoch=2-step=6', 'epoch=5-step=15'])
})

test('after an error nothing is saved, unless it is asked for', async () => {
  for (const saveOnException of [false, true]) {
    const dirpath = folder()
    const broken = onStepEnd((state: TrainerState) => {
      if (state.step === 5) throw new Error('broken')
    })
    await expect(run([new ModelCheckpoint({ dirpath, saveOnException }), broken]).train()).rejects.toThrow(
      'broken',
    )
    expect(checkpoints(dirpath).includes('epoch=1-step=5')).toBe(saveOnException)
  }
})

test('a failed save is an error that names the path, and leaves the older checkpoints', async () => {
  const dirpath = folder()
  const { writeFileSync } = await import('node:fs')
  writeFileSync(join(dirpath, 'file'), '')
  const saver = new ModelCheckpoint({ dirpath: join(dirpath, 'file', 'checkpoints') })
  await expect(run([saver]).train()).rejects.toThrow(join(dirpath, 'file', 'checkpoints'))
  expect(existsSync(join(dirpath, 'file'))).toBe(true)
})
