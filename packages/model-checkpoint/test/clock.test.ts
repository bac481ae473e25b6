import { type Callback, onStepEnd, type TrainerState } from '@trainyard/core'
import { MemoryFileSystem } from '@trainyard/testing'
import { afterEach, expect, test, vi } from 'vitest'
import { FakeHost, run } from './run.ts'

afterEach(() => vi.useRealTimers())

/** A run in a process of its own, whose clock shows a day; a signal stops it at a step. Tells at which step it began. */
async function processOn(day: string, files: MemoryFileSystem, stopAt: number): Promise<number> {
  vi.resetModules()
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(day) })
  const { AutoResume, ModelCheckpoint } = await import('../src/index.ts')
  const dirpath = '/checkpoints'
  const host = new FakeHost()
  let first = -1
  const look: Callback = { onActionStart: (state) => void (first = state.step) }
  const signal = onStepEnd(
    (state: TrainerState) => void (state.step === stopAt && host.signal('SIGTERM', 143)),
  )
  const saver = new ModelCheckpoint({ dirpath, files, everyNTrainSteps: 2, saveTopK: -1 })
  const trainer = run([saver, look, signal], { host })
  new AutoResume({ dirpath, files, resumeIfExists: true, resumeIgnoreNoCheckpoint: true }).setup(trainer)
  await trainer.train()
  return first
}

test('a run goes on from where it was last, though the clock has been set back', async () => {
  const files = new MemoryFileSystem()
  expect(await processOn('2031-05-04', files, 3)).toBe(0)
  expect(await processOn('2026-01-01', files, 7)).toBe(3)
  expect(await processOn('1970-01-01', files, 11)).toBe(7)
  expect(await processOn('2026-01-01', files, 99)).toBe(11)
})

test('of two runs in a folder the one that was saved last goes on, whatever its clock said', async () => {
  const files = new MemoryFileSystem()
  expect(await processOn('2031-05-04', files, 99)).toBe(0)
  // The first is over, so this is another run.
  expect(await processOn('1970-01-01', files, 4)).toBe(0)
  expect(await processOn('1971-01-01', files, 99)).toBe(4)
})
