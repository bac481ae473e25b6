import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'trainyard-resume-'))
// Inside node_modules, so that git ignores it and TensorFlow.js is found from there.
const cache = fileURLToPath(new URL('../node_modules/.trainyard-test', import.meta.url))
const worker = join(cache, 'resume-worker.mjs')

beforeAll(async () => {
  mkdirSync(cache, { recursive: true })
  await build({
    entryPoints: [fileURLToPath(new URL('resume-worker.ts', import.meta.url))],
    outfile: worker,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@trainyard/source'],
    external: ['@tensorflow/*'],
  })
})

afterAll(() => rmSync(folder, { recursive: true }))

/** Trains in a process of its own up to a step, from a state or from the start; gives the file with the state. */
async function part(backend: string, steps: number, from = '-'): Promise<string> {
  const to = join(folder, `${backend}-${steps}-${from === '-' ? 'start' : 'resumed'}.json`)
  await promisify(execFile)(process.execPath, [worker, backend, String(steps), from, to])
  return to
}

test.each([
  ['cpu', 23],
  ['wasm', 23],
  ['wasm', 5],
])(
  'on %s, %i steps and the rest in another process give the bits of an unbroken run, for every optimizer',
  async (backend, k) => {
    const straight = await part(backend, 30)
    // In the middle of an epoch, with dropout, shuffling and accumulation.
    expect(k % 4).not.toBe(0)
    const resumed = await part(backend, 30, await part(backend, k))
    const [expected, actual] = [straight, resumed].map(
      (file) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, { trainer: { step: number } }>,
    )
    expect(Object.keys(actual!)).toHaveLength(9)
    for (const name of Object.keys(expected!)) expect(actual![name], name).toEqual(expected![name])
    expect(actual!['adam']!.trainer.step).toBe(30)
  },
)
