import { type Checkpoint, onStepEnd, single, Trainer } from '@trainyard/core'
import { failAt, intercept, MemoryFileSystem, powerLossAt } from '@trainyard/testing'
import { describe, expect, test } from 'vitest'
import {
  DefaultCheckpointer,
  type DefaultCheckpointerOptions,
  readCheckpoint,
  readSafetensors,
  verifyCheckpoint,
  writeCheckpoint,
} from '../src/index.ts'
import { data, line } from './line.ts'
import { stateAt } from './states.ts'

const saveDir = '/run/checkpoints'

/** A run of some epochs in a process of its own, as far as the disk can tell. */
async function run(
  files: MemoryFileSystem,
  maxEpochs: number,
  options: DefaultCheckpointerOptions = {},
): Promise<{ weight: number; checkpointer: DefaultCheckpointer; warnings: string[] }> {
  const warnings: string[] = []
  const warn = (text: string): void => void warnings.push(text)
  const checkpointer = new DefaultCheckpointer({ saveDir, files, warn, ...options })
  const module = line()
  await new Trainer({ module, data, maxEpochs, checkpointer, callbacks: [onStepEnd(() => {})] }).train()
  return { weight: module.weight(), checkpointer, warnings }
}

const namesIn = async (files: MemoryFileSystem, folder = saveDir): Promise<readonly string[]> =>
  (await files.readdir(folder)).toSorted()

async function spoil(files: MemoryFileSystem, name: string): Promise<void> {
  await files.unlink(`${saveDir}/${name}/trainer.json`)
}

describe('what is saved', () => {
  test('is the run after every epoch, and the weights alone at the end', async () => {
    const files = new MemoryFileSystem()
    const { weight, checkpointer } = await run(files, 2)
    expect(await namesIn(files)).toEqual(['checkpoint_1', 'checkpoint_2', 'checkpoint_model_2.safetensors'])
    const { manifest } = await readCheckpoint(`${saveDir}/checkpoint_1`, { files })
    expect(manifest).toMatchObject({ step: 10, epoch: 1, batch: 0, runId: checkpointer.runId })
    const { tensors, metadata } = await readSafetensors(`${saveDir}/checkpoint_model_2.safetensors`, {
      files,
    })
    expect(tensors.get('line/weight')).toEqual({ dtype: 'F64', shape: [], data: Float64Array.of(weight) })
    expect(metadata).toEqual({ runId: checkpointer.runId })
  })

  test('goes by the period, and at the end in any case, under the names and in the folders that were asked for', async () => {
    const files = new MemoryFileSystem()
    const options = { period: 2, filePrefix: 'net', fileExt: 'ckpt', modelStateSaveDir: '/run/models' }
    await run(files, 5, options)
    expect(await namesIn(files)).toEqual(['net_2.ckpt', 'net_4.ckpt', 'net_5.ckpt'])
    expect(await namesIn(files, '/run/models')).toEqual(['net_model_5.safetensors'])
  })

  test('is nothing where it is switched off, and no model without a folder for it', async () => {
    const files = new MemoryFileSystem()
    await run(files, 1, { checkpoint: false })
    expect(await namesIn(files, '/')).toEqual([])
    await run(files, 1, { modelStateSaveDir: null })
    expect(await namesIn(files)).toEqual(['checkpoint_1'])
  })

  test('is not written again at the end of a run, when it is there', async () => {
    const files = new MemoryFileSystem()
    const { checkpointer } = await run(files, 1)
    const before = await readCheckpoint(`${saveDir}/checkpoint_1`, { files })
    const again = await run(files, 1, { loadDir: saveDir })
    expect(again.checkpointer.runId).toBe(checkpointer.runId)
    expect(await readCheckpoint(`${saveDir}/checkpoint_1`, { files })).toEqual(before)
    // Unless what is there is damaged.
    await run(files, 2, { loadDir: saveDir })
    await spoil(files, 'checkpoint_2')
    await run(files, 2, { loadDir: saveDir })
    expect(await verifyCheckpoint(`${saveDir}/checkpoint_2`, { files })).toMatchObject({ ok: true })
  })

  test('has exact scores, also those that are no numbers', async () => {
    const files = new MemoryFileSystem()
    const checkpointer = new DefaultCheckpointer({ saveDir, files })
    const metrics = { loss: 0.1 + 0.2, worst: 'NaN', best: '-Infinity' }
    const path = await checkpointer.save({ trainer: { step: 1, epoch: 1, batch: 0, metrics } }, 1)
    const { manifest } = await readCheckpoint(path!, { files })
    expect(manifest.scores).toEqual({ loss: 0.30000000000000004, worst: NaN, best: -Infinity })
  })

  test('can be saved from any event', async () => {
    const files = new MemoryFileSystem()
    const checkpointer = new DefaultCheckpointer({ saveDir, files, filePrefix: 'step' })
    const saveAtFive = onStepEnd(async ({ step }, trainer) => {
      if (step === 5) await checkpointer.save(await trainer.getState(), step)
    })
    await new Trainer({ module: line(), data, maxEpochs: 1, callbacks: [saveAtFive] }).train()
    const { manifest } = await readCheckpoint(`${saveDir}/step_5`, { files })
    expect(manifest).toMatchObject({ step: 5, epoch: 0, batch: 5 })
  })
})

describe('what is loaded', () => {
  test('lets a run go on as if it had not stopped, from the highest number in the name', async () => {
    const straight = await run(new MemoryFileSystem(), 12)
    const files = new MemoryFileSystem()
    // Ten is after nine, and the model alone is no checkpoint.
    await run(files, 10)
    const resumed = await run(files, 12, { loadDir: saveDir })
    expect(resumed.weight).toBe(straight.weight)
    expect(resumed.warnings).toEqual([])
  })

  test('is the one that was asked for', async () => {
    const files = new MemoryFileSystem()
    await run(files, 3)
    const checkpointer = new DefaultCheckpointer({ loadDir: saveDir, loadFilename: 'checkpoint_2', files })
    expect((await checkpointer.load())!.trainer).toMatchObject({ epoch: 2 })
  })

  test('is an older one if the newest is damaged, and the run says so', async () => {
    const files = new MemoryFileSystem()
    await run(files, 3)
    await spoil(files, 'checkpoint_3')
    const { warnings } = await run(files, 4, { loadDir: saveDir })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('checkpoint_3" is damaged: trainer.json is missing')
    expect(warnings[0]).toContain('Going on from "/run/checkpoints/checkpoint_2"')
  })

  test.each([
    ['missing', '/nowhere', 'is missing; leave `loadDir` out'],
    ['empty', '/empty', 'has no "checkpoint_<number>"; leave `loadDir` out'],
    ['of nothing but damage', saveDir, 'nothing but damaged checkpoints:\n'],
  ])('from a folder that is %s is an error, not a new start', async (_, loadDir, message) => {
    const files = new MemoryFileSystem()
    await files.mkdir('/empty')
    await run(files, 1)
    await spoil(files, 'checkpoint_1')
    await expect(run(files, 2, { loadDir })).rejects.toThrow(message)
    await expect(run(files, 2, { loadDir, loadFilename: 'checkpoint_1' })).rejects.toThrow(
      /^\[checkpointer\]/,
    )
  })

  test('has names that match exactly: no other prefix, ending or folder', async () => {
    const files = new MemoryFileSystem()
    for (const name of [
      'checkpoint_2.old',
      'my_checkpoint_3',
      'checkpoint_-4',
      'checkpoint_best',
      'deep/checkpoint_5',
    ])
      await writeCheckpoint(`${saveDir}/${name}`, stateAt(1), { files })
    await expect(run(files, 1, { loadDir: saveDir })).rejects.toThrow('has no "checkpoint_<number>"')
    await writeCheckpoint(`${saveDir}/checkpoint_1.h5`, stateAt(7), { files })
    const h5 = new DefaultCheckpointer({ saveDir: '/other', loadDir: saveDir, fileExt: 'h5', files })
    expect((await h5.load())!.trainer).toMatchObject({ step: 7 })
  })
})

describe('what is deleted', () => {
  test('is what an interrupted save of this run has left, at the first save, and not by who only loads', async () => {
    const files = new MemoryFileSystem()
    const { checkpointer } = await run(files, 1, { modelStateSaveDir: null })
    const cut = intercept(
      files,
      powerLossAt(({ args }) => /optimizer|trainer/.test(String(args[0]))),
    )
    const { runId } = checkpointer
    await expect(
      writeCheckpoint(`${saveDir}/checkpoint_2`, stateAt(2), { info: { runId }, files: cut }),
    ).rejects.toThrow()
    expect(await namesIn(files)).toHaveLength(2)
    await new DefaultCheckpointer({ saveDir, loadDir: saveDir, files }).load()
    expect(await namesIn(files)).toHaveLength(2)
    await run(files, 3, { loadDir: saveDir, modelStateSaveDir: null })
    expect(await namesIn(files)).toEqual(['checkpoint_1', 'checkpoint_2', 'checkpoint_3'])
  })

  test('is the oldest of this run, also of those from before a resume, and never a damaged one', async () => {
    const files = new MemoryFileSystem()
    await run(files, 3, { maxCheckpoints: 2, modelStateSaveDir: null })
    expect(await namesIn(files)).toEqual(['checkpoint_2', 'checkpoint_3'])
    await spoil(files, 'checkpoint_2')
    const options = { loadDir: saveDir, maxCheckpoints: 2, modelStateSaveDir: null }
    await run(files, 5, options)
    expect(await namesIn(files)).toEqual(['checkpoint_2', 'checkpoint_4', 'checkpoint_5'])
  })

  test('is what was saved first when a run has gone back', async () => {
    const files = new MemoryFileSystem()
    const options = { maxCheckpoints: 3, modelStateSaveDir: null }
    await run(files, 9, options)
    const back = { ...options, loadDir: saveDir, loadFilename: 'checkpoint_7', period: 2 }
    await run(files, 8, back)
    expect(await namesIn(files)).toEqual(['checkpoint_7', 'checkpoint_8', 'checkpoint_9'])
    expect(await verifyCheckpoint(`${saveDir}/checkpoint_8`, { files })).toMatchObject({ ok: true })
  })

  test('is what this run had before, once there is a new one', async () => {
    const files = new MemoryFileSystem()
    await run(files, 3, { modelStateSaveDir: null })
    const options = { loadDir: saveDir, deleteExistingCheckpoints: true, modelStateSaveDir: null }
    await expect(run(files, 5, { ...options, loadFilename: 'checkpoint_9' })).rejects.toThrow(
      'there is no checkpoint',
    )
    expect(await namesIn(files)).toHaveLength(3)
    await run(files, 5, options)
    expect(await namesIn(files)).toEqual(['checkpoint_4', 'checkpoint_5'])
  })

  test('is tried again after the next save where it fails, which is a warning and no error', async () => {
    const disk = new MemoryFileSystem()
    let failing = 2
    const files = intercept(
      disk,
      failAt(({ name, args }) => name === 'rename' && /gone/.test(String(args[1])) && failing-- > 0, 'EBUSY'),
    )
    const warnings: string[] = []
    const warn = (text: string): void => void warnings.push(text)
    const checkpointer = new DefaultCheckpointer({ saveDir, files, warn, maxCheckpoints: 1 })
    for (const step of [1, 2, 3, 4]) await checkpointer.save(stateAt(step), step)
    expect(warnings).toEqual([1, 1].map((step) => expect.stringContaining(`checkpoint_${step}" could not`)))
    expect(warnings[0]).toMatch(/EBUSY.*nothing is lost, and it is tried again/)
    expect(await namesIn(disk)).toEqual(['checkpoint_4'])
  })

  test('and could not be, is not mistaken for a newer one of its name', async () => {
    const disk = new MemoryFileSystem()
    let isFailing = true
    const files = intercept(
      disk,
      failAt(({ name, args }) => name === 'rename' && /gone/.test(String(args[1])) && isFailing, 'EBUSY'),
    )
    const checkpointer = new DefaultCheckpointer({ saveDir, files, warn() {}, maxCheckpoints: 1 })
    for (const step of [1, 2]) await checkpointer.save(stateAt(step), step)
    isFailing = false
    await checkpointer.save(stateAt(3), 1)
    expect(await namesIn(disk)).toEqual(['checkpoint_1'])
    expect((await readCheckpoint(`${saveDir}/checkpoint_1`, { files })).checkpoint).toStrictEqual(stateAt(3))
  })

  test("is never another run's: to begin anew in its folder is an error before anything is trained", async () => {
    const files = new MemoryFileSystem()
    const { checkpointer } = await run(files, 2, { modelStateSaveDir: null })
    const message = `has "checkpoint_2" of another run, "${checkpointer.runId}"; go on from it with \`loadDir\``
    for (const options of [{}, { maxCheckpoints: 1 }, { deleteExistingCheckpoints: true }])
      await expect(run(files, 1, options)).rejects.toThrow(message)
    expect(await namesIn(files)).toEqual(['checkpoint_1', 'checkpoint_2'])
    // Another prefix is another place, and a run that is called the same is the same.
    await run(files, 1, { filePrefix: 'second', maxCheckpoints: 1, modelStateSaveDir: null })
    const same = { runId: checkpointer.runId, deleteExistingCheckpoints: true, modelStateSaveDir: null }
    await run(files, 1, same)
    expect(await namesIn(files)).toEqual(['checkpoint_1', 'second_1'])
  })
})

test.each([
  [{ period: 0 }, '`period` must be a whole number from 1, not 0'],
  [{ maxCheckpoints: 1.5 }, '`maxCheckpoints` must be a whole number from 1, not 1.5'],
  [{ saveDir: '' }, '`saveDir` must be the path of a folder'],
  [{ filePrefix: '../x' }, '`filePrefix` must be a part of a file name'],
  [{ fileExt: 'a/b' }, '`fileExt` must be a part of a file name'],
  [{ loadFilename: 'x' }, '`loadFilename` needs `loadDir`'],
  [{ loadDir: 'x', loadFilename: '../y' }, '`loadFilename` must be a part of a file name'],
])('%o is refused', (options, message) => {
  expect(() => new DefaultCheckpointer(options)).toThrow(`[checkpointer] ${message}`)
})

test('what trainer, module and strategy keep can be extended by overriding getState() and updateState()', async () => {
  class MyTrainer extends Trainer<number, { loss: number }> {
    args = { note: 'first' }

    override async getState(): Promise<Checkpoint> {
      return { ...(await super.getState()), args: this.args }
    }

    override async updateState({ args, ...checkpoint }: Checkpoint): Promise<void> {
      await super.updateState(checkpoint)
      this.args = args as { note: string }
    }
  }
  const files = new MemoryFileSystem()
  const build = (loadDir?: string) => {
    const kept = { module: 0, strategy: 0 }
    const inner = line()
    const module = {
      ...inner,
      getState: async () => ({ ...(await inner.getState()), mine: ++kept.module }),
      updateState: async (state: Awaited<ReturnType<typeof inner.getState>>) => {
        await inner.updateState(state)
        kept.module = state['mine'] as number
      },
    }
    const strategy = {
      ...single(),
      getState: () => ({ calls: ++kept.strategy }),
      updateState: ({ calls }: { calls?: unknown }) => void (kept.strategy = calls as number),
    }
    const checkpointer = new DefaultCheckpointer({ saveDir, loadDir, modelStateSaveDir: null, files })
    return { trainer: new MyTrainer({ module, strategy, data, maxEpochs: 1, checkpointer }), kept }
  }
  const first = build()
  first.trainer.args = { note: 'changed' }
  await first.trainer.train()
  const second = build(saveDir)
  await second.trainer.train()
  expect(second.trainer.args).toEqual({ note: 'changed' })
  // The first call of the first run is what was loaded; then came the end of the second, which asks the module once more for the model alone.
  expect(second.kept).toEqual({ module: 3, strategy: 2 })
})
