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
  writeSafetensors,
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

  // A hidden name ends with the run, the machine, the process, its start, and what is random.
  test.each([
    ['this process', {}, 1],
    ['a process that is no more', { 3: '7ffffff0' }, 0],
    // Elsewhere the system does not tell.
    ...(process.platform === 'linux'
      ? [['a process whose number another one has by now', { 4: '01234567' }, 0] as const]
      : []),
    ['a process of another machine, which may live', { 2: '01234567', 3: '7ffffff0' }, 1],
  ] as const)('takes what %s has left, or leaves it to its own run', async (_, marks, leftByOthers) => {
    const files = new MemoryFileSystem()
    const cut = intercept(
      files,
      powerLossAt(({ name }) => name === 'open'),
    )
    await expect(save(cut, 1, 'a', 'mine')).rejects.toThrow('no power')
    const [name] = (await namesOf(files)) as [string]
    const marked = Object.assign(name.split('-'), marks).join('-')
    if (marked !== name) await files.rename(`${folder}/${name}`, `${folder}/${marked}`)
    await sweepUnfinished(folder, { runId: 'another', files })
    expect(await namesOf(files)).toHaveLength(leftByOthers)
    await sweepUnfinished(folder, { runId: 'mine', files })
    expect(await namesOf(files)).toEqual([])
  })

  test('finds what is its own, however the path of the folder is written', async () => {
    const files = new MemoryFileSystem()
    await save(files, 1, 'model', 'mine')
    let renames = 0
    const cut = intercept(
      files,
      powerLossAt(({ name }) => name === 'rename' && ++renames === 2),
    )
    await expect(save(cut, 2, 'model', 'mine')).rejects.toThrow('no power')
    await sweepUnfinished(`${folder}//`, { runId: 'mine', files })
    expect(await namesOf(files)).toEqual(['model'])
  })

  test('warns of what it cannot delete, and goes on', async () => {
    const files = new MemoryFileSystem()
    for (const name of ['a', 'b']) {
      const cut = intercept(
        files,
        powerLossAt((operation) => operation.name === 'open'),
      )
      await expect(save(cut, 2, name, 'mine')).rejects.toThrow('no power')
    }
    const locked = intercept(
      files,
      failAt(({ name, args }) => name === 'rename' && /\.a\.new/.test(String(args[0])), 'EACCES'),
    )
    const warnings: string[] = []
    await sweepUnfinished(folder, { runId: 'mine', files: locked, warn: (line) => void warnings.push(line) })
    expect(await namesOf(files)).toEqual([expect.stringMatching(/^\.a\.new-/)])
    expect(warnings).toEqual([
      expect.stringMatching(
        /^\[checkpointer\] .*\.a\.new-.*EACCES.*; nothing is lost, and it is tried again/,
      ),
    ])
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

describe('a name that stands for something else', () => {
  test('is not taken from a folder that is no checkpoint, nor from a file: both would be lost', async () => {
    const files = new MemoryFileSystem()
    await save(files, 1, 'a')
    await save(files, 1, 'notes/a')
    await (await files.open(`${folder}/text`, 'create')).write(Uint8Array.of(1), 0)
    for (const name of ['notes', 'text']) {
      const would = name === 'text' ? 'is a file that would be lost' : 'is a folder that would be lost'
      await expect(save(files, 2, name)).rejects.toThrow(`${would}; choose another name, or move it away`)
      if (name === 'notes') await expect(linkLast(folder, 'a', { link: name, files })).rejects.toThrow(would)
    }
    await expect(writeSafetensors(`${folder}/a`, {}, { files })).rejects.toThrow('is a folder')
    expect(await namesOf(files)).toEqual(['a', 'notes', 'text'])
    expect((await readCheckpoint(`${folder}/notes/a`, { files })).checkpoint).toStrictEqual(stateAt(1))
  })

  test('is taken from an empty folder, and from what is left of a checkpoint', async () => {
    const files = new MemoryFileSystem()
    await save(files, 1, 'a')
    await files.unlink(`${folder}/a/manifest.json`)
    await files.mkdir(`${folder}/b`)
    for (const name of ['a', 'b']) {
      await save(files, 2, name)
      expect((await readCheckpoint(`${folder}/${name}`, { files })).checkpoint).toStrictEqual(stateAt(2))
    }
    expect(await namesOf(files)).toEqual(['a', 'b'])
  })
})

test('a listing leaves out what another process deletes meanwhile', async () => {
  const files = new MemoryFileSystem()
  for (const step of [1, 2]) await save(files, step, `step=${step}`)
  for (const moment of ['lstat', 'open', 'open.read'] as const) {
    await save(files, 1, 'step=1')
    const watched = intercept(files, async ({ name, args, of }, run) => {
      const path = String((of ?? { args }).args[0])
      if (name === moment && path.endsWith('step=1/manifest.json')) {
        await removeCheckpoint(`${folder}/step=1`, { files })
      }
      return run()
    })
    const entries = await listCheckpoints(folder, { files: watched })
    expect(entries.map(({ name, status }) => `${name} ${status}`)).toEqual(['step=2 complete'])
  }
})

test.each(['/checkpoints/.hidden', '/', ''])('"%s" is no name for a checkpoint', async (path) => {
  await expect(writeCheckpoint(path, {}, { files: new MemoryFileSystem() })).rejects.toThrow(
    'must not be empty',
  )
})
