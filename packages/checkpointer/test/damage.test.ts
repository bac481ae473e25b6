import { failAt, intercept, MemoryFileSystem } from '@trainyard/testing'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  DamagedCheckpointError,
  latestCheckpoint,
  listCheckpoints,
  readCheckpoint,
  verifyCheckpoint,
  writeCheckpoint,
} from '../src/index.ts'
import { stateAt } from './states.ts'

const names = ['model.safetensors', 'optimizer.safetensors', 'trainer.json', 'manifest.json']

async function twoCheckpoints(): Promise<MemoryFileSystem> {
  const files = new MemoryFileSystem()
  for (const step of [1, 2])
    await writeCheckpoint(`/step=${step}`, stateAt(step), { info: { scores: { loss: 1 / step } }, files })
  return files
}

async function contentOf(files: MemoryFileSystem, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array((await files.lstat(path)).size)
  await (await files.open(path, 'read')).read(bytes, 0)
  return bytes
}

async function replace(files: MemoryFileSystem, path: string, bytes: Uint8Array): Promise<void> {
  await files.unlink(path)
  await (await files.open(path, 'create')).write(bytes, 0)
}

/** Expects that the damage is found and named by everything that reads, and that the older checkpoint is taken instead. */
async function expectDamage(files: MemoryFileSystem, file: string): Promise<void> {
  const verdict = await verifyCheckpoint('/step=2', { files })
  expect(verdict).toMatchObject({ ok: false, file })
  const error: unknown = await readCheckpoint('/step=2', { files }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(DamagedCheckpointError)
  expect(error).toMatchObject({ path: '/step=2', file })
  expect((error as Error).message).toContain(`[checkpointer] checkpoint "/step=2" is damaged: ${file} `)
  const latest = await latestCheckpoint('/', { files })
  expect(latest).toMatchObject({ status: 'found', checkpoint: { path: '/step=1' } })
  expect(latest.damaged).toMatchObject([{ path: '/step=2', file }])
}

describe.each(names)('%s', (name) => {
  const path = join('/step=2', name)

  test('with any one bit of any byte flipped is found, named and passed over', async () => {
    const files = await twoCheckpoints()
    const good = await contentOf(files, path)
    expect(good.length).toBeGreaterThan(90)
    for (const position of good.keys()) {
      const bad = good.slice()
      // A different bit at each position, so that all eight have their turn in every part of the file.
      bad[position]! ^= 1 << ((position * 5) % 8)
      await replace(files, path, bad)
      try {
        await expectDamage(files, name)
      } catch (error) {
        throw new Error(`byte ${position}`, { cause: error })
      }
    }
  })

  test.each([
    ['truncated by a byte', (good: Uint8Array) => good.subarray(0, -1)],
    ['cut in half', (good: Uint8Array) => good.subarray(0, good.length / 2)],
    ['empty', () => new Uint8Array(0)],
    ['zeroed', (good: Uint8Array) => new Uint8Array(good.length)],
    ['longer by a byte', (good: Uint8Array) => Uint8Array.from([...good, 0x20])],
  ])('%s is found, named and passed over', async (_, spoil) => {
    const files = await twoCheckpoints()
    await replace(files, path, spoil(await contentOf(files, path)))
    await expectDamage(files, name)
  })

  test('missing is found, named and passed over', async () => {
    const files = await twoCheckpoints()
    await files.unlink(path)
    await expectDamage(files, name)
  })

  test('that is a link to a good file is refused', async () => {
    const files = await twoCheckpoints()
    await files.rename(path, `${path}.moved`)
    await files.symlink(`${name}.moved`, path)
    await expectDamage(files, name)
    const error = await readCheckpoint('/step=2', { files }).catch(String)
    expect(error).toContain('is a link, not a file')
  })

  test('of the other checkpoint is found', async () => {
    const files = await twoCheckpoints()
    await replace(files, path, await contentOf(files, join('/step=1', name)))
    const verdict = await verifyCheckpoint('/step=2', { files })
    expect(verdict.ok).toBe(false)
  })
})

describe('a checkpoint of several megabytes', () => {
  const large = {
    module: {
      weights: {
        a: { shape: [700_000], data: Float32Array.from({ length: 700_000 }, (_, i) => i) },
        b: { shape: [3], data: Uint8Array.of(1, 2, 3) },
        c: { shape: [300_000], data: Float64Array.from({ length: 300_000 }, (_, i) => 1 / (i + 1)) },
      },
    },
  }

  test('is read whole, however little a read gives', async () => {
    const files = new MemoryFileSystem()
    await writeCheckpoint('/large', large, { files })
    const slow = intercept(files, ({ name, args }, run) => {
      const [into, ...rest] = args
      return name === 'open.read' ? run([(into as Uint8Array).subarray(0, 300_001), ...rest]) : run()
    })
    const { checkpoint } = await readCheckpoint('/large', { files: slow })
    const { weights } = checkpoint.module as unknown as typeof large.module
    for (const name of ['a', 'b', 'c'] as const) {
      const [read, written] = [weights[name].data, large.module.weights[name].data]
      expect(read.constructor).toBe(written.constructor)
      expect(Buffer.from(read.buffer).equals(Buffer.from(written.buffer))).toBe(true)
    }
    expect(await verifyCheckpoint('/large', { files: slow })).toMatchObject({ ok: true })
  })

  test('is found damaged wherever it is', async () => {
    const files = new MemoryFileSystem()
    await writeCheckpoint('/large', large, { files })
    const path = '/large/model.safetensors'
    const good = await contentOf(files, path)
    const mega = 1 << 20
    for (const position of [0, mega - 1, mega, 2 * mega + 7, 4 * mega, good.length - 1]) {
      const bad = good.slice()
      bad[position]! ^= 16
      await replace(files, path, bad)
      expect(await verifyCheckpoint('/large', { files })).toMatchObject({ ok: false })
      await expect(readCheckpoint('/large', { files })).rejects.toThrow(DamagedCheckpointError)
    }
  })

  test('of which a read fails is no crash, though the next one has failed already', async () => {
    const files = new MemoryFileSystem()
    await writeCheckpoint('/large', large, { files })
    let reads = 0
    const broken = intercept(files, async ({ name, of }, run) => {
      // The first two are the header.
      if (name !== 'open.read' || !/model/.test(String(of!.args[0])) || ++reads <= 2) return run()
      if (reads === 3) for (let turn = 0; turn < 3; turn++) await setImmediate()
      throw Object.assign(new Error('EIO: it is broken'), { code: 'EIO' })
    })
    await expect(readCheckpoint('/large', { files: broken })).rejects.toThrow(/model.*EIO/)
    expect(reads).toBe(4)
  })
})

describe('a manifest that was made up, with a checksum that fits,', () => {
  /** Replaces a part of the manifest, and signs it anew. */
  async function forge(from: string, to: string): Promise<MemoryFileSystem> {
    const files = await twoCheckpoints()
    const path = '/step=2/manifest.json'
    const text = new TextDecoder().decode(await contentOf(files, path))
    const body = text.slice(0, text.lastIndexOf(',\n')).replace(from, to)
    expect(text).not.toContain(body)
    const checksum = crc32(body).toString(16).padStart(8, '0')
    const forged = `${body},\n  "self": "${checksum}"\n}\n`
    await replace(files, path, new TextEncoder().encode(forged))
    return files
  }

  test.each(['../step=1/trainer.json', '/step=1/trainer.json', '..', 'a/b', String.raw`a\\b`])(
    'cannot make the reader leave the folder by the name "%s"',
    async (name) => {
      const files = await forge('"trainer.json"', `"${name}"`)
      await expectDamage(files, 'manifest.json')
      await expect(readCheckpoint('/step=2', { files })).rejects.toThrow(
        "which is not in the checkpoint's folder",
      )
    },
  )

  test('cannot claim files of another size', async () => {
    await expectDamage(await forge('"size": 1', '"size": 9999999999991'), 'optimizer.safetensors')
  })

  test('of a later version says so', async () => {
    const files = await forge('"version": 1', '"version": 2')
    await expect(readCheckpoint('/step=2', { files })).rejects.toThrow('update @trainyard/checkpointer')
  })
})

describe('a folder', () => {
  test('with nothing but damaged checkpoints differs from an empty and from a missing one', async () => {
    const files = new MemoryFileSystem()
    expect(await latestCheckpoint('/runs', { files })).toEqual({ status: 'missing', damaged: [] })
    await files.mkdir('/runs')
    expect(await latestCheckpoint('/runs', { files })).toEqual({ status: 'empty', damaged: [] })
    await writeCheckpoint('/runs/a', stateAt(1), { files })
    await files.unlink('/runs/a/manifest.json')
    expect(await latestCheckpoint('/runs', { files })).toMatchObject({
      status: 'damaged',
      damaged: [{ path: '/runs/a', file: 'manifest.json', reason: 'is missing', manifest: undefined }],
    })
  })

  test('that is no checkpoint, and a file, are not listed', async () => {
    const files = await twoCheckpoints()
    await files.mkdir('/tensorboard')
    await files.open('/notes.txt', 'create')
    await files.symlink('step=2', '/last')
    const entries = await listCheckpoints('/', { files })
    expect(entries.map(({ name }) => name)).toEqual(['step=1', 'step=2'])
    await expect(readCheckpoint('/tensorboard', { files })).rejects.toThrow(DamagedCheckpointError)
    await expect(readCheckpoint('/notes.txt', { files })).rejects.toThrow('a checkpoint is a folder')
    await expect(readCheckpoint('/nothing', { files })).rejects.toThrow('there is no checkpoint "/nothing"')
  })

  test.each(['../elsewhere/step=1', '/step=1'])('is not left by a link to "%s"', async (target) => {
    const files = await twoCheckpoints()
    await files.symlink(target, '/last')
    await expect(readCheckpoint('/last', { files })).rejects.toThrow('which is not in the same folder')
  })
})

test('what keeps a checkpoint from being read but is no damage is not called so', async () => {
  const files = await twoCheckpoints()
  const locked = intercept(
    files,
    failAt(({ name, args }) => name === 'open' && /trainer/.test(String(args)), 'EACCES'),
  )
  await expect(readCheckpoint('/step=2', { files: locked })).rejects.toThrow('EACCES')
  await expect(verifyCheckpoint('/step=2', { files: locked })).rejects.toThrow('EACCES')
  const failing = intercept(
    files,
    failAt(({ name }) => name === 'open.read', 'EIO'),
  )
  await expect(readCheckpoint('/step=2', { files: failing })).rejects.toThrow(DamagedCheckpointError)
})
