// What users of other frameworks complain of, about where a resume begins and what it finds. The whole list: complaints.test.ts.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listCheckpoints, readCheckpoint } from '@trainyard/checkpointer'
import { type Callback, onBatchEnd, onStepEnd, type TrainerState } from '@trainyard/core'
import { describe, expect, test } from 'vitest'
import { AutoResume, CheckpointCallback, ModelCheckpoint } from '../src/index.ts'
import { FakeHost, folder, interrupted, names, resumed, run } from './run.ts'

/** Where a run got to, without the states of savers, which name their run by chance. */
async function end(trainer: ReturnType<typeof run>): Promise<unknown> {
  const { module, trainer: counters } = await trainer.getState()
  return { module, counters }
}

async function straight(options: Parameters<typeof run>[1] = {}): Promise<unknown> {
  const trainer = run([], options)
  await trainer.train()
  return end(trainer)
}

describe('a resume is not off by one', () => {
  // Lightning #19403, #19367, #19617, #11555, #850, #5325, #18780, #19764; accelerate #2823, #4071; verl #7401, which skips an epoch after a checkpoint at
  // its end; Lightning's own test of it, whose batches are all the same (peers §4).
  test('a checkpoint holds as many updates as it says, and every batch after it comes once', async () => {
    const dirpath = folder()
    const options = { batchesPerStep: 2, maxEpochs: 4 }
    const weights: unknown[] = []
    const seen: string[] = []
    const look = onStepEnd(async (state: TrainerState, trainer) => {
      weights[state.step] = await trainer.module.getState()
    })
    const watch = (log: string[]): Callback =>
      onBatchEnd((state: TrainerState) => void log.push(`${state.epoch}/${state.batch}`))
    const saver = new ModelCheckpoint({ dirpath, monitor: null, saveTopK: -1, everyNTrainSteps: 1 })
    const whole = run([saver, look, watch(seen)], options)
    await whole.train()
    const entries = await listCheckpoints(dirpath)
    expect(entries.map(({ manifest }) => manifest!.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    for (const { path, manifest } of entries) {
      const { step, epoch, batch } = manifest!
      expect((await readCheckpoint(path)).checkpoint.module).toEqual(weights[step])
      const later: string[] = []
      const { trainer, steps } = await resumed([watch(later)], options, { path })
      expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8].slice(step))
      expect(later).toEqual(seen.slice(epoch * 3 + batch))
      expect(await end(trainer)).toEqual(await end(whole))
    }
  })

  // CheckpointCallback of NeMo 0.11 (seeds B4): a file holds one update more than it says, and an epoch is made again.
  test('CheckpointCallback makes no epoch again', async () => {
    const path = folder()
    await run([new CheckpointCallback({ folder: path, epochFreq: 1, checkpointsToKeep: 0 })]).train()
    for (const epoch of [1, 2, 3, 4]) {
      const copy = folder()
      cpSync(join(path, `epoch=${epoch}`), join(copy, `epoch=${epoch}`), { recursive: true })
      const epochs: number[] = []
      const look: Callback = { onEpochStart: (state) => void epochs.push(state.epoch) }
      const trainer = run([new CheckpointCallback({ folder: copy, epochFreq: 1 }), look])
      await trainer.train()
      expect(epochs).toEqual([0, 1, 2, 3, 4].slice(epoch))
      expect(await end(trainer)).toEqual(await straight())
    }
  })

  // KempnerForge #57, NeMo #7948, PR 8480, PR 3468, Lightning #11451: right after the first resume, wrong after the second; several `last`.
  test('nor are several, two of them in the same epoch; there is one `last`', async () => {
    const [whole, broken] = [folder(), folder()]
    const options = { scores: [3, 1, 2, 9, 8] }
    const make = (dirpath: string): ModelCheckpoint =>
      new ModelCheckpoint({ dirpath, saveTopK: 2, everyNTrainSteps: 2 })
    await run([make(whole)], options).train()
    for (const step of [4, 5, 8, 14]) {
      const host = new FakeHost()
      const signal = onStepEnd(
        (state: TrainerState) => void (state.step === step && host.signal('SIGTERM', 143)),
      )
      await resumed([make(broken), signal], { ...options, host })
    }
    const { trainer } = await resumed([make(broken)], options)
    expect(await end(trainer)).toEqual(await straight(options))
    expect(names(broken)).toEqual(names(whole))
    expect(names(broken).filter((name) => name.includes('last'))).toEqual(['last'])
  })

  // NeMo (seeds A7): the final checkpoint has no optimizer, so a finished run cannot be extended; with one `*end` and `resume_past_end` it silently begins anew.
  test('a run that is over can be extended, and ends as one that was longer from the start', async () => {
    const dirpath = folder()
    await run([new ModelCheckpoint({ dirpath })], { maxEpochs: 2 }).train()
    const { steps, trainer } = await resumed([new ModelCheckpoint({ dirpath })], { maxEpochs: 4 })
    expect(steps).toEqual([7, 8, 9, 10, 11, 12])
    expect(await end(trainer)).toEqual(await straight({ maxEpochs: 4 }))
  })
})

describe('what is resumed', () => {
  // NeMo's AutoResume and Lightning take the newest by file times, PyMarlin the last number in the whole path (seeds A7, D1).
  test('goes neither by the times of files, nor by names, nor by numbers in the path', async () => {
    const dirpath = join(folder(), 'step=99', '7')
    await interrupted([new ModelCheckpoint({ dirpath, everyNTrainSteps: 2, saveTopK: -1 })], 7)
    renameSync(join(dirpath, 'epoch=2-step=7'), join(dirpath, 'a'))
    renameSync(join(dirpath, 'epoch=0-step=2'), join(dirpath, 'epoch=9-step=99-last'))
    for (const { path, manifest } of await listCheckpoints(dirpath)) {
      const time = 2e9 - manifest!.step * 1000
      for (const name of readdirSync(path)) utimesSync(join(path, name), time, time)
      utimesSync(path, time, time)
    }
    const simple = run([new CheckpointCallback({ folder: folder(), loadFromFolder: dirpath })])
    await simple.train()
    expect(await end(simple)).toEqual(await straight())
    const { steps } = await resumed([new ModelCheckpoint({ dirpath })])
    expect(steps[0]).toBe(8)
  })

  // CheckpointCallback of NeMo 0.11 (seeds B4): names by steps and by epochs are compared by their bare numbers; `Encoder` also matches `EncoderV2`; one name
  // without a number, and nothing is restored.
  test('is the newest, whether its name has steps or epochs, and whatever else is there', async () => {
    const path = folder()
    const options = { folder: path, checkpointsToKeep: 0 }
    await interrupted([new CheckpointCallback({ ...options, stepFreq: 4 })], 8)
    const stop = onStepEnd((state: TrainerState) => void (state.step === 12 && state.requestStop('enough')))
    await run([new CheckpointCallback({ ...options, epochFreq: 1 }), stop]).train()
    expect(names(path)).toEqual(['epoch=3', 'epoch=4', 'step=4', 'step=8'])
    writeFileSync(join(path, 'step=400.pt'), 'no checkpoint')
    mkdirSync(join(path, 'step'))
    const trainer = run([new CheckpointCallback(options)])
    let first = 0
    trainer.addCallback({ onResume: (state) => void (first = state.step) })
    await trainer.train()
    expect(first).toBe(12)
    expect(await end(trainer)).toEqual(await straight())
  })

  // NeMo #14837: folders that end in -last, but hold no weights, are taken. `-unfinished` beside them, files, and links that lead nowhere.
  test('is a checkpoint, and not what only looks like one', async () => {
    const dirpath = folder()
    await interrupted([new ModelCheckpoint({ dirpath })], 7)
    mkdirSync(join(dirpath, 'epoch=9-step=99-last', 'context'), { recursive: true })
    writeFileSync(join(dirpath, 'epoch=9-step=98.ckpt'), 'no checkpoint')
    writeFileSync(join(dirpath, 'epoch=2-step=7-unfinished'), '')
    rmSync(join(dirpath, 'last'))
    symlinkSync('nowhere', join(dirpath, 'last'))
    const { steps, host } = await resumed([new ModelCheckpoint({ dirpath })])
    expect(steps[0]).toBe(8)
    expect(host.warnings).toEqual([])
    expect(names(dirpath)).toEqual(
      expect.arrayContaining(['epoch=9-step=98.ckpt', 'epoch=9-step=99-last', 'epoch=2-step=7-unfinished']),
    )
  })

  // Orbax #394: copied checkpoints are taken for unfinished ones, and deleted. State files with absolute paths (peers §5); Lightning forgets all but
  // the best after a move (seeds A1).
  test('may have been moved: the run goes on with its best and its list', async () => {
    const before = folder()
    const after = join(mkdtempSync(join(tmpdir(), 'trainyard-')), 'moved')
    const options = { scores: [3, 1, 2, 9, 8] }
    await interrupted([new ModelCheckpoint({ dirpath: before, saveTopK: 2 })], 10, options)
    cpSync(before, after, { recursive: true, verbatimSymlinks: true })
    rmSync(before, { recursive: true })
    const saver = new ModelCheckpoint({ dirpath: after, saveTopK: 2 })
    const { steps, host } = await resumed([saver], options)
    expect(steps[0]).toBe(11)
    expect(host.warnings).toEqual([])
    expect(saver.bestModelPath).toBe(join(after, 'epoch=2-step=6-val_loss=1.0000'))
    expect([...saver.bestKModels.values()]).toEqual([1, 2])
    expect(names(after)).toEqual([
      'epoch=2-step=6-val_loss=1.0000',
      'epoch=3-step=9-val_loss=2.0000',
      'epoch=5-step=15-val_loss=8.0000',
      'last',
    ])
  })

  // NeMo #3624, #3675: is it the best or the last?
  test('is the last state, not the best one that the run went back to', async () => {
    const dirpath = folder()
    const options = { scores: [1, 2, 3, 4, 5] }
    const make = (): ModelCheckpoint => new ModelCheckpoint({ dirpath, saveTopK: 1, saveBestModel: true })
    await run([make()], { ...options, maxEpochs: 3 }).train()
    const saver = make()
    const { steps } = await resumed([saver], options)
    expect(steps).toEqual([10, 11, 12, 13, 14, 15])
    const { checkpoint } = await readCheckpoint(join(dirpath, 'last'))
    const whole = run([], options)
    await whole.train()
    expect(checkpoint.module).toEqual(await whole.module.getState())
    expect(saver.bestModelScore).toBe(1)
  })

  // mosaicml/composer #3902: autoresume looks only where the default saver saves.
  test('is the newest of all savers, wherever they save', async () => {
    const [epochs, steps] = [folder(), folder()]
    const make = () => [
      new ModelCheckpoint({ dirpath: epochs, saveOnTrainEnd: false, name: 'epochs' }),
      new ModelCheckpoint({
        dirpath: steps,
        monitor: null,
        everyNTrainSteps: 2,
        saveOnTrainEnd: false,
        name: 'steps',
      }),
    ]
    await interrupted(make(), 5)
    const second = await resumed(make(), { maxSteps: 6 })
    expect(second.steps[0]).toBe(5)
    // Both have saved at step 6; whichever it is.
    const third = await resumed(make())
    expect(third.steps[0]).toBe(7)
    expect(await end(third.trainer)).toEqual(await straight())
  })
})

describe('nothing silently starts from scratch', () => {
  // NeMo #14259, #14920, #4485, #7878, #3198 and AutoResume before the logger (seeds A7): no folder is known, so nothing is found.
  test('AutoResume may be set up before the run has a directory', async () => {
    const logDirectory = folder()
    await interrupted([new ModelCheckpoint({ dirpath: join(logDirectory, 'checkpoints') })], 4)
    const seen: number[] = []
    const look: Callback = { onResume: (state) => void seen.push(state.step) }
    const trainer = run([new ModelCheckpoint(), look])
    new AutoResume({ resumeIfExists: true }).setup(trainer)
    trainer.logDirectory = logDirectory
    await trainer.train()
    expect(seen).toEqual([4])
  })

  // Automodel #836, RL #415: a checkpoint of another model is loaded, or fails obscurely. Here a module refuses it (tfjs/test/bad-input.test.ts: a state that
  // does not fit is refused whole), and no resume takes that for "no checkpoint".
  test('a state that the module refuses is an error, whatever may be ignored', async () => {
    const dirpath = folder()
    await interrupted([new ModelCheckpoint({ dirpath })], 4)
    const trainer = run([new ModelCheckpoint({ dirpath })])
    trainer.module.updateState = () => {
      throw new Error('the saved weights do not fit this model')
    }
    new AutoResume({ resumeIfExists: true, resumeIgnoreNoCheckpoint: true }).setup(trainer)
    await expect(trainer.train()).rejects.toThrow('the saved weights do not fit this model')
    expect(names(dirpath)).toContain('epoch=1-step=4')
  })
})
