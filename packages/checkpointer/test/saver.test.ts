import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { MemoryFileSystem } from '@trainyard/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSaver, readCheckpoint, type SavedJob, type Saver, type SaverOptions } from '../src/index.ts'
import { bundle } from './bundle.ts'
import type { GatedFilesOptions } from './gated-files-worker.ts'
import { stateAt } from './states.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-saver-'))
const savers: Saver[] = []
let folder: string
let module: string

beforeAll(async () => {
  ;[module] = (await bundle('gated-files-worker')) as [string]
})
beforeEach(() => {
  folder = mkdtempSync(join(root, 'test-'))
})
afterEach(async () => {
  for (const saver of savers.splice(0)) await saver.close()
})
afterAll(() => rmSync(root, { recursive: true }))

function open(options: SaverOptions): Saver {
  const saver = createSaver(options)
  savers.push(saver)
  return saver
}

/** An asynchronous saver on a file system with a gate. */
function gated(options: GatedFilesOptions): Saver {
  return open({ async: true, files: { module, options } })
}

function shared(value: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4)).fill(value)
}

const paths = (saved: readonly SavedJob[]): string[] => saved.map(({ path }) => path.slice(folder.length + 1))
const at = (name: string): string => join(folder, name)

describe.each([false, true])('a saver, asynchronous: %s,', (async) => {
  test('saves one after the other, links, deletes, and tells what is durable once', async () => {
    const saver = open({ async })
    await saver.save({ path: at('a'), checkpoint: stateAt(1), info: { scores: { loss: 0.5 } }, link: 'last' })
    await saver.save({ path: at('b'), checkpoint: stateAt(2), link: 'last', remove: [at('a')] })
    const saved = await saver.drain()
    expect(paths(saved)).toEqual(['a', 'b'])
    expect(saved[0]!.manifest).toMatchObject({ step: 1, scores: { loss: 0.5 } })
    expect(saver.takeSaved()).toEqual([])
    expect(readdirSync(folder)).toEqual(['b', 'last'])
    expect((await readCheckpoint(at('last'))).checkpoint).toStrictEqual(stateAt(2))
  })

  test('keeps the state as it was at the call, whatever becomes of it; larger, smaller and empty ones, too', async () => {
    const saver = open({ async })
    for (const size of [3, 300_000, 0, 7]) {
      const data = new Float32Array(size).fill(size)
      const checkpoint = { module: { weights: { k: { shape: [size], data } } } }
      await saver.save({ path: at(`size ${size}`), checkpoint })
      data.fill(-1)
    }
    await saver.drain()
    for (const size of [3, 300_000, 0, 7]) {
      const { checkpoint } = await readCheckpoint(at(`size ${size}`))
      const { k } = checkpoint.module!['weights'] as unknown as { k: { data: Float32Array } }
      expect(k.data.length).toBe(size)
      expect(k.data.every((value) => value === size)).toBe(true)
    }
  })

  test('refuses a bad state and a bad name at the call, and goes on', async () => {
    const saver = open({ async })
    const bad = { module: { weights: new Map() as never } }
    await expect(saver.save({ path: at('a'), checkpoint: bad })).rejects.toThrow('is Map')
    await expect(saver.save({ path: at('.a'), checkpoint: {} })).rejects.toThrow('begin with a dot')
    await saver.save({ path: at('b'), checkpoint: stateAt(1) })
    expect(paths(await saver.drain())).toEqual(['b'])
  })

  test('saves all the same where it cannot delete, and tells what is left, which can be deleted later', async () => {
    const isBusy = shared(0)
    const saver = open({ async, files: { module, options: { isBusy } } })
    await saver.save({ path: at('a'), checkpoint: stateAt(1) })
    await saver.drain()
    isBusy[0] = 1
    await saver.save({ path: at('b'), checkpoint: stateAt(2), remove: [at('a')] })
    const [saved] = await saver.drain()
    expect(saved).toMatchObject({ path: at('b'), manifest: { step: 2 } })
    expect(saved!.notDeleted).toEqual([
      {
        path: expect.stringContaining(at('.a.gone-')),
        message: expect.stringMatching(/^checkpoint ".*a" could not be deleted: EBUSY.*; nothing is lost/),
      },
    ])
    expect(readdirSync(folder)).toHaveLength(2)
    isBusy[0] = 0
    await saver.save({
      path: at('c'),
      checkpoint: stateAt(3),
      remove: saved!.notDeleted.map(({ path }) => path),
    })
    expect((await saver.drain())[0]!.notDeleted).toEqual([])
    expect(readdirSync(folder)).toEqual(['b', 'c'])
  })

  test('fails with the path, leaves nothing, and saves again when there is room', async () => {
    const isFull = shared(1)
    const saver = open({ async, files: { module, options: { isFull } } })
    const failed = saver.save({ path: at('a'), checkpoint: stateAt(1) }).then(() => saver.drain())
    await expect(failed).rejects.toThrow(/^\[checkpointer\] checkpoint ".*a" could not be saved: .*ENOSPC/)
    expect(readdirSync(folder)).toEqual([])
    isFull[0] = 0
    await saver.save({ path: at('b'), checkpoint: stateAt(2) })
    expect(paths(await saver.drain())).toEqual(['b'])
  })
})

describe('an asynchronous saver', () => {
  test('lets the loop go on once the state is copied, and has one save in flight', async () => {
    const gate = shared(0)
    const saver = gated({ gate })
    await saver.save({ path: at('a'), checkpoint: stateAt(1) })
    expect(saver.takeSaved()).toEqual([])
    let isCopied = false
    const second = saver.save({ path: at('b'), checkpoint: stateAt(2) }).then(() => void (isCopied = true))
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    expect(isCopied).toBe(false)
    expect(readdirSync(folder)).toEqual([])
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)
    await second
    expect(paths(saver.takeSaved())).toEqual(['a'])
    expect(paths(await saver.drain())).toEqual(['b'])
  })

  test('tells of a failure at the next call, once', async () => {
    const isFull = shared(1)
    const saver = gated({ isFull })
    await saver.save({ path: at('a'), checkpoint: stateAt(1) })
    await expect(saver.save({ path: at('b'), checkpoint: stateAt(2) })).rejects.toThrow(
      /a" could not be saved/,
    )
    await saver.save({ path: at('c'), checkpoint: stateAt(3) })
    let error: unknown
    while (!error)
      try {
        await setImmediate()
        saver.takeSaved()
      } catch (thrown) {
        error = thrown
      }
    expect((error as Error).message).toContain('c" could not be saved')
    expect((error as Error).cause).toMatchObject({ code: 'ENOSPC' })
    expect(saver.takeSaved()).toEqual([])
  })

  test('can be closed, and starts again', async () => {
    const saver = open({ async: true })
    await saver.close()
    await saver.save({ path: at('a'), checkpoint: stateAt(1) })
    await saver.close()
    await saver.save({ path: at('b'), checkpoint: stateAt(2) })
    expect(paths(await saver.drain())).toEqual(['a', 'b'])
  })

  test('needs a module that makes its file system, and says what is wrong with it', async () => {
    expect(() => createSaver({ async: true, files: new MemoryFileSystem() })).toThrow(
      '`files` must be { module: <URL> }',
    )
    for (const wrong of ['data:text/javascript,export{}', 'file:///nowhere.mjs']) {
      const saver = open({ async: true, files: { module: wrong } })
      await saver.save({ path: at('a'), checkpoint: stateAt(1) })
      await expect(saver.drain()).rejects.toThrow(
        wrong.startsWith('data') ? 'createFileSystem' : 'nowhere.mjs',
      )
    }
  })
})
