// What users of PyMarlin, Lightning, Ignite and NeMo complain of, about a checkpointer that a trainer calls. The list, with the tests that were there before:
// packages/model-checkpoint/test/complaints.test.ts.
import { onActionStart, onBatchEnd, onStepEnd, Trainer, type TrainerOptions } from '@trainyard/core'
import { failAt, intercept, MemoryFileSystem } from '@trainyard/testing'
import { describe, expect, test } from 'vitest'
import {
  DefaultCheckpointer,
  type DefaultCheckpointerOptions,
  type FileSystem,
  latestCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from '../src/index.ts'
import { data, line } from './line.ts'
import { stateAt } from './states.ts'

const saveDir = '/run/checkpoints'

/** A run of some epochs in a process of its own, as far as the disk can tell; gives how it ended and its batches, as epoch/batch. */
async function run(
  files: FileSystem,
  options: DefaultCheckpointerOptions = {},
  more: Partial<TrainerOptions<number, { loss: number }>> = {},
): Promise<{ weight: number; seen: string[] }> {
  const checkpointer = new DefaultCheckpointer({ saveDir, files, modelStateSaveDir: null, ...options })
  const module = line()
  const seen: string[] = []
  const look = onBatchEnd(({ epoch, batch }) => void seen.push(`${epoch}/${batch}`))
  const callbacks = [look, ...(more.callbacks ?? [])]
  await new Trainer({ module, data, maxEpochs: 3, checkpointer, ...more, callbacks }).train()
  return { weight: module.weight(), seen }
}

const stopAt = (last: number) =>
  onStepEnd((state) => void (state.step === last && state.requestStop('enough')))

describe('a resume', () => {
  // PyMarlin (seeds D2): what accumulated at the stop is lost, so the first update after it is short. Its index is that of epochs (D1): a stop in the
  // middle of one has no place.
  test('after a stop at any step, in the middle of an epoch too, has every batch once and ends with the same bits', async () => {
    const straight = await run(new MemoryFileSystem(), {}, { batchesPerStep: 3 })
    for (let step = 1; step < 12; step++) {
      const files = new MemoryFileSystem()
      const first = await run(files, {}, { batchesPerStep: 3, callbacks: [stopAt(step)] })
      const second = await run(files, { loadDir: saveDir }, { batchesPerStep: 3 })
      expect([...first.seen, ...second.seen]).toEqual(straight.seen)
      expect(second.weight).toBe(straight.weight)
    }
  })

  // PyMarlin (seeds D2): a run that never trained is saved as `model_-1`, which counts as 1.
  test('of a run that was stopped before its first step begins with that step', async () => {
    const files = new MemoryFileSystem()
    const never = onActionStart((state) => state.requestStop('not today'))
    expect((await run(files, {}, { callbacks: [never] })).seen).toEqual([])
    expect(await files.readdir(saveDir)).toEqual(['checkpoint_0'])
    expect((await readCheckpoint(`${saveDir}/checkpoint_0`, { files })).manifest).toMatchObject({
      step: 0,
      epoch: 0,
    })
    expect(await run(files, { loadDir: saveDir })).toEqual(await run(new MemoryFileSystem()))
  })

  // PyMarlin (seeds D1): the latest goes by the last number in the whole path.
  test('goes by the number in the name, not by those of the folders above it', async () => {
    const files = new MemoryFileSystem()
    const folder = '/run_99/2026-11-22/checkpoint_50'
    await run(files, { saveDir: folder }, { maxEpochs: 2 })
    const { seen } = await run(files, { saveDir: folder, loadDir: folder })
    expect(seen[0]).toBe('2/1')
  })

  // PyMarlin (seeds D1), NeMo PR 10228: what keeps a checkpoint from being loaded is swallowed, and the run starts from scratch.
  test.each(['EACCES', 'EMFILE'])('that cannot read for %s is an error and no new start', async (code) => {
    const files = new MemoryFileSystem()
    await run(files, {}, { maxEpochs: 1 })
    const locked = intercept(
      files,
      failAt(({ name }) => name === 'open', code),
    )
    let steps = 0
    const count = onStepEnd(() => void steps++)
    await expect(run(locked, { loadDir: saveDir }, { callbacks: [count] })).rejects.toThrow(code)
    expect(steps).toBe(0)
    expect(await files.readdir(saveDir)).toEqual(['checkpoint_1'])
  })
})

describe('what is deleted', () => {
  // PyMarlin (seeds D1): whatever ends with the extension, before there is anything new.
  test('is not what is called nearly like a checkpoint of this run', async () => {
    const files = new MemoryFileSystem()
    const options = { fileExt: 'ckpt', deleteExistingCheckpoints: true, maxCheckpoints: 1 }
    await run(files, options, { maxEpochs: 1 })
    const foreign = ['best.ckpt', 'checkpoint_1.ckpt.old', 'checkpoint_best.ckpt', 'my_checkpoint_1.ckpt']
    for (const name of foreign) await writeCheckpoint(`${saveDir}/${name}`, stateAt(7), { files })
    await files.open(`${saveDir}/notes.ckpt`, 'create')
    await run(files, { ...options, loadDir: saveDir })
    expect((await files.readdir(saveDir)).toSorted()).toEqual([
      ...foreign.slice(0, 2),
      'checkpoint_3.ckpt',
      ...foreign.slice(2),
      'notes.ckpt',
    ])
  })

  // pytorch/ignite PR #1008, Lightning #1150: with one to keep, a kill between the deletion and the save leaves none.
  test('goes after the new one is there: with one to keep, there is one at any moment', async () => {
    const disk = new MemoryFileSystem()
    let isSaved = false
    let operations = 0
    const files = intercept(disk, async ({ name }, perform) => {
      const result = await perform()
      const { status } = await latestCheckpoint(saveDir, { files: disk })
      if (isSaved) {
        operations++
        expect(status, `after ${name}`).toBe('found')
      }
      isSaved ||= status === 'found'
      return result
    })
    await run(files, { maxCheckpoints: 1 })
    expect(operations).toBeGreaterThan(30)
    expect(await disk.readdir(saveDir)).toEqual(['checkpoint_3'])
  })
})

// Lightning #21800: a save without permission "succeeds", and nothing is written.
test.each(['EACCES', 'EPERM', 'EROFS', 'ENOSPC'])(
  'a save that meets %s ends the run with the path, and leaves the older checkpoint',
  async (code) => {
    const disk = new MemoryFileSystem()
    await run(disk, {}, { maxEpochs: 1 })
    const files = intercept(
      disk,
      failAt(({ name, args }) => name === 'open' && args[1] === 'create', code),
    )
    await expect(run(files, { loadDir: saveDir })).rejects.toThrow(
      new RegExp(`^\\[checkpointer\\] checkpoint "${saveDir}/checkpoint_2" could not be saved: .*${code}`),
    )
    expect(await disk.readdir(saveDir)).toEqual(['checkpoint_1'])
    expect((await run(disk, { loadDir: saveDir })).seen[0]).toBe('1/1')
  },
)
