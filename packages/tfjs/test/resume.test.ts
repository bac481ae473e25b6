import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms, runProgram, temporaryFolder } from '../../../test/program.ts'

let worker: string
beforeAll(async () => {
  worker = (await bundlePrograms(new URL('resume-worker.ts', import.meta.url)))[0]!
})

/** Trains in a process of its own up to a step, from a state or from the start; gives the file with the state. */
async function part(folder: string, backend: string, steps: number, from = '-'): Promise<string> {
  const to = join(folder, `${backend}-${steps}-${from === '-' ? 'start' : 'resumed'}.json`)
  await runProgram(worker, [backend, String(steps), from, to], folder)
  return to
}

test.each([
  ['cpu', 23],
  ['wasm', 23],
  ['wasm', 5],
])(
  'on %s, %i steps and the rest in another process give the bits of an unbroken run, for every optimizer',
  async (backend, k) => {
    const folder = temporaryFolder()
    const straight = await part(folder, backend, 30)
    // In the middle of an epoch, with dropout, shuffling and accumulation.
    expect(k % 4).not.toBe(0)
    const resumed = await part(folder, backend, 30, await part(folder, backend, k))
    const [expected, actual] = [straight, resumed].map(
      (file) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, { trainer: { step: number } }>,
    )
    expect(Object.keys(actual!)).toHaveLength(9)
    for (const name of Object.keys(expected!)) expect(actual![name], name).toEqual(expected![name])
    expect(actual!['adam']!.trainer.step).toBe(30)
  },
)
