import { failAt, intercept, MemoryFileSystem, powerLossAt } from '@trainyard/testing'
import { describe, expect, test } from 'vitest'
import {
  type FileSystem,
  latestCheckpoint,
  linkLast,
  listCheckpoints,
  readCheckpoint,
  removeCheckpoint,
  sweepUnfinished,
  writeCheckpoint,
} from '../src/index.ts'
import { stateAt } from './states.ts'

const folder = '/checkpoints'

async function save(files: FileSystem, step: number, name: string, runId?: string): Promise<void> {
  await writeCheckpoint(`${folder}/${name}`, stateAt(step), { info: { runId, scores: { loss: NaN } }, files })
}

const namesOf = async (files: FileSystem): Promise<readonly string[]> =>
  (await files.readdir(folder)).toSorted()

describe('a listing', () => {
  test('goes by steps, not by names or times, and shows the manifests', async () => {
    const files = new MemoryFileSystem()
    for (const step of [10, 9, 100]) await save(files, step, `step=${step}`)
    await writeCheckpoint(`${folder}/epoch`, stateAt(9), { info: { epoch: 1, batch: 0 }, files })
    const entries = await listCheckpoints(folder, { files })
    expect(entries.map(({ name }) => name)).toEqual(['step=9', 'epoch', 'step=10', 'step=100'])
    expect(entries[0]).toMatchObject({
      status: 'complete',
      path: `${folder}/step=9`,
      hidden: false,
      manifest: { step: 9, epoch: 0, batch: 9, runId: null, scores: { loss: NaN } },
    })
  })

  test('shows what a replacement left that was interrupted between its two renames, until it is cleared up', async () => {
    const files = new MemoryFileSystem()
    await save(files, 1, 'model', 'mine')
    let renames = 0
    const cut = intercept(
      files,
      powerLossAt(({ name }) => name === 'rename' && ++renames === 2),
    )
    await expect(save(cut, 2, 'model', 'mine')).rejects.toThrow('no power')
    expect(await namesOf(files)).not.toContain('model')
    expect(await listCheckpoints(folder, { files })).toMatchObject([
      { name: 'model', hidden: true, manifest: { step: 1 } },
      { name: 'model', hidden: true, manifest: { step: 2 } },
    ])
    expect(await latestCheckpoint(folder, { files })).toMatchObject({ checkpoint: { manifest: { step: 2 } } })
    await sweepUnfinished(folder, { runId: 'mine', files })
    expect(await namesOf(files)).toEqual(['model'])
    expect((await readCheckpoint(`${folder}/model`, { files })).checkpoint).toStrictEqual(stateAt(2))
  })

  test('does not show a save that was interrupted before it was complete', async () => {
    const files = new MemoryFileSystem()
    await save(files, 1, 'a')
    const cut = intercept(
      files,
      powerLossAt(({ args }) => /manifest/.test(String(args[0]))),
    )
    await expect(save(cut, 2, 'b')).rejects.toThrow('no power')
    expect(await namesOf(files)).toHaveLength(2)
    expect(await listCheckpoints(folder, { files })).toMatchObject([{ name: 'a' }])
  })
})

describe('clearing up', () => {
  test('leaves alone what another run is writing, and every damaged checkpoint', async () => {
    const files = new MemoryFileSystem()
    await save(files, 1, 'damaged', 'mine')
    await files.unlink(`${folder}/damaged/trainer.json`)
    for (const runId of ['mine', 'other']) {
      const cut = intercept(
        files,
        powerLossAt(({ name }) => name === 'open'),
      )
      await expect(save(cut, 2, 'b', runId)).rejects.toThrow('no power')
    }
    expect(await namesOf(files)).toHaveLength(3)
    await sweepUnfinished(folder, { runId: 'mine', files })
    const names = await namesOf(files)
    expect(names).toHaveLength(2)
    expect(names).toContain('damaged')
    await sweepUnfinished(folder, { runId: 'other', files })
    expect(await namesOf(files)).toEqual(['damaged'])
  })

  test('of a folder that is missing does nothing', async () => {
    await sweepUnfinished('/nowhere', { files: new MemoryFileSystem() })
  })
})

describe('a deletion', () => {
  test('takes a checkpoint away with all that was put into it, and is no error where there is none', async () => {
    const files = new MemoryFileSystem()
    await save(files, 1, 'a')
    await files.mkdir(`${folder}/a/notes`)
    await files.open(`${folder}/a/notes/text`, 'create')
    await removeCheckpoint(`${folder}/a`, { files })
    await removeCheckpoint(`${folder}/a`, { files })
    expect(await namesOf(files)).toEqual([])
  })

  test('that was interrupted does not bring the checkpoint back; anybody clears up the rest', async () => {
    const files = new MemoryFileSystem()
    await save(files, 1, 'a', 'mine')
    const cut = intercept(
      files,
      powerLossAt(({ name }) => name === 'syncFolder'),
    )
    await expect(removeCheckpoint(`${folder}/a`, { files: cut })).rejects.toThrow('could not be deleted')
    expect(await listCheckpoints(folder, { files })).toEqual([])
    await sweepUnfinished(folder, { files })
    expect(await namesOf(files)).toEqual([])
  })
})

describe('the link', () => {
  test('is relative, and is never missing while it changes', async () => {
    const files = new MemoryFileSystem()
    for (const step of [1, 2]) await save(files, step, `step=${step}`)
    await linkLast(folder, 'step=1', { files })
    const watched = intercept(files, async (_, run) => {
      await expect(files.readlink(`${folder}/last`)).resolves.toMatch(/^step=[12]$/)
      return run()
    })
    await linkLast(folder, 'step=2', { files: watched })
    expect(await files.readlink(`${folder}/last`)).toBe('step=2')
    await linkLast(folder, 'step=1', { link: 'best', files })
    expect(await namesOf(files)).toEqual(['best', 'last', 'step=1', 'step=2'])
  })

  test('is a copy where the file system has no links, and becomes a link where it has', async () => {
    const disk = new MemoryFileSystem()
    const files = intercept(
      disk,
      failAt(({ name }) => name === 'symlink', 'EPERM'),
    )
    for (const step of [1, 2]) {
      await save(files, step, `step=${step}`)
      await linkLast(folder, `step=${step}`, { files })
      expect((await files.lstat(`${folder}/last`)).kind).toBe('folder')
      expect((await readCheckpoint(`${folder}/last`, { files })).checkpoint).toStrictEqual(stateAt(step))
    }
    await linkLast(folder, 'step=1', { files: disk })
    expect(await disk.readlink(`${folder}/last`)).toBe('step=1')
    expect(await namesOf(disk)).toEqual(['last', 'step=1', 'step=2'])
  })

  test.each([
    ['../x', 'last'],
    ['x', '../last'],
    ['x', 'x'],
    ['', 'last'],
  ])('from "%s" to "%s" is refused', async (name, link) => {
    await expect(linkLast(folder, name, { link, files: new MemoryFileSystem() })).rejects.toThrow(
      /^\[checkpointer\]/,
    )
  })
})

test.each(['/checkpoints/.hidden', '/', ''])('"%s" is no name for a checkpoint', async (path) => {
  await expect(writeCheckpoint(path, {}, { files: new MemoryFileSystem() })).rejects.toThrow(
    'must not be empty',
  )
})
