// What users of other frameworks complain of, about what is deleted, kept and called the best. The whole list: complaints.test.ts.
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { latestCheckpoint, listCheckpoints, readCheckpoint, verifyCheckpoint } from '@trainyard/checkpointer'
import { type Callback, onCheckpoint, onEpochEnd, onStepEnd, type TrainerState } from '@trainyard/core'
import { intercept, MemoryFileSystem } from '@trainyard/testing'
import { describe, expect, test } from 'vitest'
import { CheckpointCallback, ModelCheckpoint } from '../src/index.ts'
import { FakeHost, folder, interrupted, names, resumed, run } from './run.ts'

const goodNames = async (path: string): Promise<string[]> =>
  (await listCheckpoints(path)).filter(({ status }) => status === 'complete').map(({ name }) => name)

/** The scores of the best, by the manifests of the folders that the saver names. */
async function scoresOnDisk(saver: ModelCheckpoint): Promise<(number | undefined)[]> {
  const found = [...saver.bestKModels.keys()].map((path) => readCheckpoint(path))
  return (await Promise.all(found)).map(({ manifest }) => manifest.scores['val_loss'])
}

describe('what is deleted', () => {
  // Lightning #1150, pytorch/ignite PR #1008, accelerate's automatic naming: old ones are deleted before the new one is there.
  test('old before new: there is no moment without a good checkpoint, also where one alone is kept', async () => {
    const dirpath = '/run/checkpoints'
    const disk = new MemoryFileSystem()
    let isSaved = false
    let operations = 0
    const files = intercept(disk, async (_operation, perform) => {
      const result = await perform()
      if (isSaved) {
        operations++
        expect((await latestCheckpoint(dirpath, { files: disk })).status).toBe('found')
      }
      return result
    })
    const saver = new ModelCheckpoint({
      dirpath,
      files,
      monitor: null,
      saveTopK: 1,
      saveLast: false,
      everyNTrainSteps: 1,
    })
    await run([saver, onCheckpoint(() => void (isSaved = true))], { maxEpochs: 2 }).train()
    expect(operations).toBeGreaterThan(50)
    expect(await disk.readdir(dirpath)).toEqual(['epoch=2-step=6'])
  })

  // NVIDIA Megatron-Bridge #4678, #4820, #5184, Lightning's AsyncCheckpointIO: retention deletes the last durable one while the newer is in flight.
  // Lightning #21800: a save that fails is taken for one that was made.
  test.each([false, true])(
    'the last good one, for a newer one that then fails (asyncSave: %s)',
    async (asyncSave) => {
      const dirpath = folder()
      // Where there is a score, the name is longer than a folder takes.
      const filename = `{step}${'-{val_loss:.99f}'.repeat(3)}`
      const saver = new ModelCheckpoint({ dirpath, filename, saveTopK: 1, everyNTrainSteps: 4, asyncSave })
      await expect(run([saver]).train()).rejects.toThrow(/val_loss=4\.0.*" could not be saved: ENAMETOOLONG/)
      expect(names(dirpath)).toEqual(['last', 'step=4'])
      expect(await verifyCheckpoint(join(dirpath, 'step=4'))).toMatchObject({ ok: true })
      expect(saver.lastModelPath).toBe(join(dirpath, 'step=4'))
    },
  )

  // NeMo #14909: with save_top_k=-1, a resume deletes.
  test('anything by a resume with saveTopK -1', async () => {
    const dirpath = folder()
    const make = (): ModelCheckpoint => new ModelCheckpoint({ dirpath, everyNTrainSteps: 2, saveTopK: -1 })
    await interrupted([make()], 7)
    const before = names(dirpath)
    expect(before).toHaveLength(6)
    await resumed([make()])
    expect(names(dirpath)).toEqual(expect.arrayContaining(before))
  })

  // NeMo's top-k over resumes (seeds A4), CheckpointCallback of NeMo 0.11 (seeds B4): whatever has a fitting name is deleted.
  test('a copy that the user keeps in the folder', async () => {
    const dirpath = folder()
    const make = (): ModelCheckpoint => new ModelCheckpoint({ dirpath, saveTopK: 1 })
    const scores = [3, 1, 2, 9, 8]
    await interrupted([make()], 5, { scores })
    cpSync(join(dirpath, 'epoch=1-step=3-val_loss=3.0000'), join(dirpath, 'val_loss=0.0'), {
      recursive: true,
    })
    writeFileSync(join(dirpath, 'epoch=1-step=3-val_loss=3.0000.txt'), 'not so bad')
    await resumed([make()], { scores })
    expect(names(dirpath)).toEqual([
      'epoch=1-step=3-val_loss=3.0000.txt',
      'epoch=2-step=6-val_loss=1.0000',
      'epoch=5-step=15-val_loss=8.0000',
      'last',
      'val_loss=0.0',
    ])
    expect(await verifyCheckpoint(join(dirpath, 'val_loss=0.0'))).toMatchObject({ ok: true })
  })

  // CheckpointCallback of NeMo 0.11 (seeds B4) deletes `*-4.pt`, whoever wrote it.
  test('what only ends like a name of CheckpointCallback', async () => {
    const path = folder()
    mkdirSync(join(path, 'encoder-step=4'))
    writeFileSync(join(path, 'encoder-step=4', 'weights'), 'mine')
    writeFileSync(join(path, 'trainer-step=4.pt'), 'mine')
    const saver = new CheckpointCallback({ folder: path, stepFreq: 4, checkpointsToKeep: 1 })
    await run([saver]).train()
    expect(names(path)).toEqual(['encoder-step=4', 'step=15', 'trainer-step=4.pt'])
    expect(names(join(path, 'encoder-step=4'))).toEqual(['weights'])
  })

  // Lightning #11379: a resume deletes the checkpoints of another run in the folder.
  test('a checkpoint of another run in the same folder, by a resumed run', async () => {
    const dirpath = folder()
    const make = (): ModelCheckpoint => new ModelCheckpoint({ dirpath, saveTopK: 1 })
    await run([make()], { scores: [3, 1, 2] }).train()
    const others = await goodNames(dirpath)
    const { manifest } = await readCheckpoint(join(dirpath, others[0]!))
    // Some of its checkpoints would have the same names.
    await interrupted([make()], 4, { scores: [3, 0.5, 2] })
    await resumed([make()], { scores: [3, 0.5, 2] })
    expect(await goodNames(dirpath)).toEqual(expect.arrayContaining(others))
    for (const name of others)
      expect((await readCheckpoint(join(dirpath, name))).manifest.runId).toBe(manifest.runId)
  })

  // transformers #27138, #11769, #25129, #26961: rotation goes by modification times or by the order of names, and deletes the wrong ones.
  test('the newest, because of file times or because 9 is after 10', async () => {
    const path = folder()
    const make = (): CheckpointCallback =>
      new CheckpointCallback({ folder: path, stepFreq: 1, checkpointsToKeep: 2 })
    const scramble = onStepEnd((state: TrainerState) => {
      for (const name of names(path)) utimesSync(join(path, name), 1e9, 1e9 - 1000 * state.step)
    })
    await interrupted([make(), scramble], 10)
    expect(names(path)).toEqual(['step=10', 'step=9'])
    await run([make(), scramble]).train()
    expect(names(path)).toEqual(['step=14', 'step=15'])
  })
})

describe('what is called the best', () => {
  // NeMo #9168 and its top-k over resumes (seeds A4): scores come from names, with four decimals; `inf`, `nan` and a folder called like the metric break it.
  test('by names: scores that look the same there, NaN, Infinity and tiny ones, over resumes', async () => {
    const dirpath = join(folder(), 'val_loss=0.5')
    const scores = [0.100_02, 0.100_01, Number.NaN, Number.POSITIVE_INFINITY, 1e-9]
    const kept: number[][] = []
    for (const maxEpochs of [1, 2, 3, 4, 5]) {
      const saver = new ModelCheckpoint({ dirpath, saveTopK: 2 })
      await resumed([saver], { scores, maxEpochs })
      expect(await scoresOnDisk(saver)).toEqual([...saver.bestKModels.values()])
      kept.push([...saver.bestKModels.values()])
    }
    expect(kept).toEqual([
      [0.100_02],
      [0.100_01, 0.100_02],
      [0.100_01, 0.100_02],
      [0.100_01, 0.100_02],
      [1e-9, 0.100_01],
    ])
    expect(await goodNames(dirpath)).toEqual([
      'epoch=2-step=6-val_loss=0.1000',
      'epoch=5-step=15-val_loss=0.0000',
    ])
  })

  // keras #17012, #12803: after a resume, a worse one replaces the best. Lightning keeps its state under a key made of options (seeds A1):
  // after a change of one of them it starts with none.
  test('a worse one after a resume, also when options were changed', async () => {
    const dirpath = folder()
    const scores = [3, 1, 2, 9, 8]
    const options = { dirpath, saveTopK: 1, filename: 'best', saveLast: false }
    await run([new ModelCheckpoint({ ...options, everyNEpochs: 1 })], { scores, maxEpochs: 2 }).train()
    const saver = new ModelCheckpoint({ ...options, everyNTrainSteps: 3, saveContext: false })
    await resumed([saver], { scores })
    expect(saver.bestModelScore).toBe(1)
    expect(names(dirpath)).toEqual(['best'])
    expect((await readCheckpoint(join(dirpath, 'best'))).manifest).toMatchObject({ step: 6 })
  })

  test('one by another metric than before the resume', async () => {
    const dirpath = folder()
    const scores = [0.5, 0.25]
    await interrupted([new ModelCheckpoint({ dirpath, saveTopK: 1 })], 7, { scores })
    const before = await goodNames(dirpath)
    const saver = new ModelCheckpoint({ dirpath, saveTopK: 1, monitor: 'loss', mode: 'max' })
    const { host } = await resumed([saver], { scores })
    expect(host.warnings.join('\n')).toContain('"val_loss"')
    const { manifest } = await readCheckpoint(saver.bestModelPath!)
    expect(manifest.scores['loss']).toBe(saver.bestModelScore)
    // What was good by the other one stays where it is.
    expect(await goodNames(dirpath)).toEqual(expect.arrayContaining(before))
  })

  // mosaicml/composer #3490: one name is overwritten again and again.
  test.each([true, false])(
    'one that has been overwritten under a name without numbers (enableVersionCounter: %s)',
    async (enableVersionCounter) => {
      const dirpath = folder()
      const saver = new ModelCheckpoint({ dirpath, filename: 'fixed', enableVersionCounter })
      await run([saver], { scores: [3, 1, 2, 9, 8] }).train()
      expect([...saver.bestKModels.values()]).toEqual([1, 2, 3])
      expect(await scoresOnDisk(saver)).toEqual([1, 2, 3])
      expect((await readCheckpoint(saver.lastModelPath!)).manifest.step).toBe(15)
    },
  )

  // NeMo #3624, #3675: what is the best, and what the last? Templates that leave nothing but one of these names, where a score is missing.
  test.each(['best-{val_loss}', 'last-{val_loss}', 'best', 'last'])(
    'one that has the name `best` or `last` for another reason: %s',
    async (filename) => {
      const dirpath = folder()
      const saver = new ModelCheckpoint({ dirpath, filename, saveBestModel: true, everyNTrainSteps: 5 })
      const trainer = run([saver], { scores: [3, 1, 2, 9, 8], maxSteps: 14 })
      await trainer.train()
      const [best, last] = await Promise.all(
        ['best', 'last'].map((name) => readCheckpoint(join(dirpath, name))),
      )
      expect(best!.manifest.scores['val_loss']).toBe(saver.bestModelScore)
      expect(best!.checkpoint.module).toEqual(await trainer.module.getState())
      expect(last!.manifest.step).toBe(14)
      expect((await readCheckpoint(saver.lastModelPath!)).manifest.step).toBe(14)
    },
  )

  // transformers #48315: a run trains to its end, and then fails because the best one is gone.
  test('one that is gone or damaged when the run ends: the next best is taken, and the run says so', async () => {
    const dirpath = folder()
    const seen: unknown[] = []
    const host = new FakeHost()
    const look: Callback = onEpochEnd(async (state: TrainerState, trainer) => {
      seen[state.epoch] = await trainer.module.getState()
    })
    const spoil = onStepEnd((state: TrainerState) => {
      if (state.step !== 14) return
      rmSync(join(dirpath, 'epoch=2-step=6-val_loss=1.0000'), { recursive: true })
      rmSync(join(dirpath, 'epoch=3-step=9-val_loss=2.0000', 'model.safetensors'))
    })
    const trainer = run([new ModelCheckpoint({ dirpath, saveBestModel: true }), look, spoil], {
      scores: [3, 1, 2, 9, 8],
      host,
    })
    await trainer.train()
    expect(await trainer.module.getState()).toEqual(seen[1])
    expect((await readCheckpoint(join(dirpath, 'best'))).checkpoint.module).toEqual(seen[1])
    expect(host.warnings.join('\n')).toMatch(/epoch=2-step=6.*\n.*epoch=3-step=9.*model\.safetensors/s)
  })

  // NeMo PR 12804: who goes back to an earlier checkpoint after a spike meets paths that are out of date.
  test('one of the branch that was abandoned, when a run goes back under a name of the user', async () => {
    const dirpath = folder()
    await run([new ModelCheckpoint({ dirpath, saveTopK: 2 })], { scores: [3, 1, 2, 9, 8] }).train()
    const good = join(dirpath, 'before the spike')
    renameSync(join(dirpath, 'epoch=3-step=9-val_loss=2.0000'), good)
    const saver = new ModelCheckpoint({ dirpath, saveTopK: 2 })
    const { steps } = await resumed([saver], { scores: [3, 1, 2, 0.5, 0.75] }, { path: good })
    expect(steps[0]).toBe(10)
    expect([...saver.bestKModels.values()]).toEqual([0.5, 0.75])
    expect(await scoresOnDisk(saver)).toEqual([0.5, 0.75])
    expect(await verifyCheckpoint(good)).toMatchObject({ ok: true })
  })
})

describe('several savers', () => {
  // NeMo sets the name of "last" on the class (seeds A1): two savers share it.
  test('in one folder: `last` always leads to the newest one that is there', async () => {
    const dirpath = folder()
    const led: string[] = []
    const look = onCheckpoint(async (_state: TrainerState, { step }) => {
      const { manifest } = await readCheckpoint(join(dirpath, 'last'))
      led.push(`${step} ${manifest.step}`)
    })
    await run([
      new ModelCheckpoint({ dirpath, saveTopK: 0, everyNEpochs: 2, name: 'epochs' }),
      new ModelCheckpoint({ dirpath, saveTopK: 0, everyNTrainSteps: 4, monitor: null, name: 'steps' }),
      look,
    ]).train()
    expect(led).toEqual(['4 4', '6 6', '8 8', '12 12', '12 12', '15 15', '15 15'])
    expect(existsSync(join(dirpath, 'last'))).toBe(true)
  })
})
