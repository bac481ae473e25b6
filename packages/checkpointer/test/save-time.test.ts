import { MemoryFileSystem } from '@trainyard/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { stateAt } from './states.ts'

beforeEach(() => {
  vi.resetModules()
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => vi.useRealTimers())

/** The package as a process that has just begun has it, on a certain day. */
async function processOn(day: string): Promise<typeof import('../src/index.ts')> {
  vi.resetModules()
  vi.setSystemTime(day)
  return import('../src/index.ts')
}

test('a checkpoint is saved at the time of the clock', async () => {
  const files = new MemoryFileSystem()
  const { writeCheckpoint } = await processOn('2031-05-04T03:02:01.5Z')
  const { savedAt } = await writeCheckpoint('/a', stateAt(1), { files })
  expect(savedAt).toBe('2031-05-04T03:02:01.500Z')
})

test('each is later than the one before, also where the clock stands still or is set back', async () => {
  const files = new MemoryFileSystem()
  const { createSaver, writeCheckpoint } = await processOn('2031-05-04')
  const times: string[] = []
  for (const step of [1, 2]) times.push((await writeCheckpoint('/a', stateAt(step), { files })).savedAt)
  vi.setSystemTime('1970-01-01')
  const saver = createSaver({ files })
  await saver.save({ path: '/b', checkpoint: stateAt(3) })
  for (const { manifest } of saver.takeSaved()) times.push(manifest.savedAt)
  expect(times).toEqual(['2031-05-04T00:00:00.000Z', '2031-05-04T00:00:00.001Z', '2031-05-04T00:00:00.002Z'])
})

test('a process whose clock is behind saves later than what it has seen in the folder', async () => {
  const files = new MemoryFileSystem()
  const ahead = await processOn('2031-05-04')
  await ahead.writeCheckpoint('/runs/a', stateAt(9), { files })
  const behind = await processOn('1970-01-01')
  await behind.listCheckpoints('/runs', { files })
  const { savedAt } = await behind.writeCheckpoint('/runs/b', stateAt(1), { files })
  expect(savedAt).toBe('2031-05-04T00:00:00.001Z')
})

test('a copy may keep the time of its original', async () => {
  const files = new MemoryFileSystem()
  const { readCheckpoint, writeCheckpoint } = await processOn('2031-05-04')
  await writeCheckpoint('/a', stateAt(1), { files })
  const { checkpoint, manifest } = await readCheckpoint('/a', { files })
  vi.setSystemTime('2032-01-01')
  const info = { savedAt: manifest.savedAt }
  expect(await writeCheckpoint('/b', checkpoint, { info, files })).toEqual({ ...manifest, runId: null })
})
