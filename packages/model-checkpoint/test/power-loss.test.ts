import { type FileSystem, listCheckpoints, verifyCheckpoint } from '@trainyard/checkpointer'
import { type Callback, EarlyStopping, type TrainerState } from '@trainyard/core'
import { explorePowerLoss, failAt, intercept, MemoryFileSystem, type Operation } from '@trainyard/testing'
import { expect, test } from 'vitest'
import { AutoResume, ModelCheckpoint } from '../src/index.ts'
import { FakeHost, run } from './run.ts'

const dirpath = '/run/checkpoints'
const scores = [3, 1, 2, 1.5, 5]

/** A run with two savers in one folder, a callback with a state, and steps of two batches; goes on by itself if there is something to go on from. */
function program(files: FileSystem, saved: (state: TrainerState) => void = () => {}) {
  const best = new ModelCheckpoint({ dirpath, files, saveTopK: 2 })
  const often = new ModelCheckpoint({
    dirpath,
    files,
    monitor: null,
    saveTopK: 1,
    saveLast: false,
    everyNTrainSteps: 2,
    name: 'often',
    filename: 'often-{step}',
  })
  const listen: Callback = { onCheckpoint: saved }
  const host = new FakeHost()
  const trainer = run([best, often, new EarlyStopping({ patience: 1 }), listen], {
    scores,
    host,
    maxEpochs: 3,
    batchesPerStep: 2,
  })
  new AutoResume({
    dirpath,
    files,
    resumeIfExists: true,
    resumeIgnoreNoCheckpoint: true,
    resumePastEnd: true,
  }).setup(trainer)
  return { trainer, host }
}

async function disk(): Promise<MemoryFileSystem> {
  const files = new MemoryFileSystem()
  await files.mkdir('/run')
  await files.syncFolder('/')
  return files
}

async function straight(): Promise<unknown> {
  const { trainer } = program(await disk())
  await trainer.train()
  return trainer.getState()
}

/** What two ways of getting there must have in common; the savers name their run by chance. */
function comparable(checkpoint: unknown): unknown {
  const { callbacks, ...rest } = checkpoint as { callbacks: Record<string, object> }
  const withoutRun = Object.entries(callbacks).map(([name, state]) => [name, { ...state, runId: '' }])
  return { ...rest, callbacks: Object.fromEntries(withoutRun) }
}

test('after a power loss at any operation of any save or deletion the run goes on, and ends as if there had been none', async () => {
  const whole = comparable(await straight())
  const operations = await explorePowerLoss({
    prepare: disk,
    progress: () => ({ step: 0 }),
    work: (files, progress) => program(files, ({ step }) => void (progress.step = step)).trainer.train(),
    async check(files, { step }) {
      for (const { path } of await listCheckpoints(dirpath, { files }))
        expect(await verifyCheckpoint(path, { files })).toMatchObject({ ok: true })
      const { trainer, host } = program(files)
      let first = -1
      trainer.state.metrics.clear()
      const load = trainer.resumeFrom!.load
      trainer.resumeFrom = {
        name: 'watched',
        load: async () => {
          const found = await load()
          first = Number(found?.trainer?.['step'] ?? 0)
          return found
        },
      }
      await trainer.train()
      // What it was told to be durable is not lost.
      expect(first).toBeGreaterThanOrEqual(step)
      expect(host.warnings).toEqual([])
      expect(comparable(await trainer.getState())).toEqual(whole)
    },
    outcomes: 4,
  })
  expect(operations).toBeGreaterThan(200)
}, 180_000)

test.each(['ENOSPC', 'EIO', 'EACCES', 'EXDEV'])(
  'when any operation of a save fails with %s, the run ends with an error that names the path, and the next one goes on',
  async (code) => {
    const whole = comparable(await straight())
    const isChange = ({ name }: Operation): boolean =>
      /write|sync|create|mkdir|rename|symlink|open/.test(name)
    for (let at = 1; ; at += 7) {
      const files = await disk()
      let seen = 0
      let hit = false
      const failing = intercept(
        files,
        failAt((operation) => (isChange(operation) && ++seen === at ? (hit = true) : false), code),
      )
      const outcome = await program(failing)
        .trainer.train()
        .catch((error: Error) => error)
      if (!hit) break
      // A file that cannot be read back is not needed by the run itself; every other failure ends it.
      if (outcome instanceof Error) expect(outcome.message).toContain(dirpath)
      const { trainer } = program(files)
      await trainer.train()
      expect(comparable(await trainer.getState())).toEqual(whole)
    }
  },
)
