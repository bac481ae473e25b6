import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sweepUnfinished } from '../src/index.ts'
import { bundle } from './bundle.ts'
import { examine, type Progress, runId } from './life-of-a-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-kill-'))
let program: string
let files: string

beforeAll(async () => {
  ;[program, files] = (await bundle('kill-worker', 'killing-files-worker')) as [string, string]
})

afterAll(() => rmSync(root, { recursive: true }))

interface Ending {
  readonly folder: string
  /** What it had reported. */
  readonly progress: Progress
  readonly wasKilled: boolean
}

/** Runs a process that is killed before one of its file operations, if there are so many. */
async function run(way: string, killAt: number): Promise<Ending> {
  const folder = join(root, way, String(killAt))
  const args = [fileURLToPath(program), way, folder, files, String(killAt)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout) => {
      if (error && error.signal !== 'SIGKILL') return reject(error)
      const lines = stdout.split('\n').filter(Boolean)
      const reports = lines.map((line) => JSON.parse(line) as Partial<Progress>)
      const progress = Object.assign({ saved: 0, last: 0 }, ...reports) as Progress
      resolve({ folder, progress, wasKilled: error !== null })
    })
  })
}

describe('a process that is killed before any one of its file operations leaves a good checkpoint', () => {
  test.each([
    ['step by step', 90, 3],
    ['in the worker thread of an asynchronous saver that links and deletes', 60, 2],
  ])(
    '%s',
    async (way, least, saved) => {
      let operations = 0
      let next = 1
      const lane = async (): Promise<void> => {
        for (let isDone = false; !isDone;) {
          const at = next++
          const { folder, progress, wasKilled } = await run(way, at)
          isDone = !wasKilled
          if (wasKilled) operations = Math.max(operations, at)
          else expect(progress.saved).toBe(saved)
          await examine({ folder }, progress).catch((error: unknown) => {
            throw new Error(`killed before operation ${at}: ${String(error)}`, { cause: error })
          })
          rmSync(folder, { recursive: true, force: true })
        }
      }
      await Promise.all([lane(), lane(), lane()])
      expect(operations).toBeGreaterThan(least)
    },
    300_000,
  )
})

test('a process that ends by itself lets an asynchronous save end first', async () => {
  const { folder, wasKilled } = await run('asynchronous, and leaves', Infinity)
  expect(wasKilled).toBe(false)
  await examine({ folder }, { saved: 1, last: 1 })
})

test('what a process has left that was killed in its first save is cleared up by any run, and by none while it lives', async () => {
  const folder = join(root, 'first save')
  const child = spawn(process.execPath, [fileURLToPath(program), 'waits', folder, files, '6'])
  try {
    await once(child.stdout, 'data')
    const unfinished = [expect.stringMatching(/^\.step=1\.new-/)]
    for (const own of ['another', runId]) {
      await sweepUnfinished(folder, { runId: own })
      expect(readdirSync(folder)).toEqual(unfinished)
    }
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  await sweepUnfinished(folder, { runId: 'another' })
  expect(readdirSync(folder)).toEqual([])
})
