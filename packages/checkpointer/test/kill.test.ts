import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { examine, type Progress } from './life-of-a-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-kill-'))
// Inside node_modules, so that git ignores it.
const programs = fileURLToPath(new URL('../node_modules/.trainyard-test', import.meta.url))
const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

beforeAll(async () => {
  mkdirSync(programs, { recursive: true })
  await build({
    entryPoints: [source('kill-worker.ts'), source('killing-files-worker.ts')],
    outdir: programs,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@trainyard/source'],
  })
})

afterAll(() => rmSync(root, { recursive: true }))

interface Ending {
  readonly folder: string
  readonly progress: Progress
  readonly wasKilled: boolean
}

/** Runs a process that is killed before one of its file operations; gives what it had reported until then. */
async function runAndKill(way: string, at: number): Promise<Ending> {
  const folder = join(root, way, String(at))
  const files = pathToFileURL(join(programs, 'killing-files-worker.mjs')).href
  const args = [join(programs, 'kill-worker.mjs'), way, folder, files, String(at)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout) => {
      if (error && error.signal !== 'SIGKILL') return reject(error)
      const reports = stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Partial<Progress>)
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
      let isDone = false
      let next = 1
      const lane = async (): Promise<void> => {
        while (!isDone) {
          const at = next++
          const { folder, progress, wasKilled } = await runAndKill(way, at)
          if (wasKilled) operations = Math.max(operations, at)
          else {
            isDone = true
            expect(progress.saved).toBe(saved)
          }
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
