import {
  type Around,
  explorePowerLoss,
  type ExplorePowerLossOptions,
  failAt,
  ignoreAt,
  intercept,
  MemoryFileSystem,
  type Operation,
  operationText,
} from '@trainyard/testing'
import { describe, expect, test, vi } from 'vitest'
import { createSaver, type FileSystem } from '../src/index.ts'
import { bySaver, examine, type Place, type Progress, stepByStep } from './life-of-a-folder.ts'

// Some seconds of computing; for machines that are busy.
vi.setConfig({ testTimeout: 300_000 })

const folder = '/runs/one/checkpoints'

function exploration(
  life: (place: Place) => Promise<void>,
  alter: (files: FileSystem) => FileSystem = (files) => files,
): ExplorePowerLossOptions<Progress> {
  return {
    async prepare() {
      const disk = new MemoryFileSystem()
      await disk.mkdir('/runs')
      await disk.syncFolder('/')
      return disk
    },
    progress: () => ({ saved: 0, last: 0 }),
    work: (disk, progress) =>
      life({ files: alter(disk), folder, report: (news) => void Object.assign(progress, news) }),
    check: (files, progress) => examine({ files, folder }, progress),
  }
}

/** As on a disk of a camera, where `last` is a copy. */
const withoutLinks = (files: FileSystem): FileSystem =>
  intercept(
    files,
    failAt(({ name }) => name === 'symlink', 'EPERM'),
  )

const lives: readonly (readonly [string, ExplorePowerLossOptions<Progress>])[] = [
  ['step by step', exploration(stepByStep)],
  ['where there are no links', exploration(stepByStep, withoutLinks)],
]

describe('a power loss between any two operations leaves what was reported as saved, and nothing damaged in sight', () => {
  test.each(lives)('%s', async (_, life) => {
    expect(await explorePowerLoss(life)).toBeGreaterThan(90)
  })

  test('by a saver that links and deletes', async () => {
    const life = exploration((place) => bySaver(place, createSaver({ files: place.files })))
    expect(await explorePowerLoss(life)).toBeGreaterThan(60)
  })
})

describe.each(lives)('without any one of the syncs something is lost: %s', async (_, life) => {
  const syncs: Operation[] = []
  const disk = intercept(await life.prepare(), (operation, run) => {
    if (/sync/.test(operation.name)) syncs.push(operation)
    return run()
  })
  await life.work(disk, life.progress())

  const named = syncs.map(
    (sync) => [operationText(sync).replaceAll(/-[0-9a-f]{8}/g, ''), sync.index] as const,
  )
  test.each(named)('%s, operation %i', async (_name, index) => {
    const fault = (): Around => ignoreAt(index)
    await expect(explorePowerLoss({ ...life, fault, from: index })).rejects.toThrow(/^\[testing\] power lost/)
  })
})
