import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms } from '../../../test/program.ts'
import { readRows, scratch } from './toy.ts'

let worker: string
beforeAll(async () => {
  worker = (await bundlePrograms(new URL('killed-worker.ts', import.meta.url)))[0]!
})

/** Trains in another process; `onStep` may kill it. Gives how it ended, and its last step. */
function train(
  directory: string,
  maxSteps: number,
  onStep: (step: number, child: ChildProcess) => void = () => {},
): Promise<{ code: number | null; signal: string | null; last: number }> {
  return new Promise((done) => {
    const args = [worker, join(directory, 'run'), join(directory, 'checkpoint.json'), String(maxSteps)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let last = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) onStep((last = Number(line)), child)
    })
    child.on('close', (code, signal) => done({ code, signal, last }))
  })
}

const losses = (directory: string): number[] =>
  readRows(join(directory, 'run'))
    .filter(([tag]) => tag === 'loss')
    .map(([, step]) => step)

test('a run that is killed and resumed twice has each step once', async () => {
  const directory = scratch()
  for (const fatal of [11, 22]) {
    const end = await train(directory, 1000, (step, child) => step === fatal && child.kill('SIGKILL'))
    expect(end.signal).toBe('SIGKILL')
    // What was on the disk then is a part of it, without gaps.
    const steps = losses(directory)
    expect(steps).toEqual(steps.map((_, i) => i + 1))
  }
  expect(await train(directory, 50)).toMatchObject({ code: 0 })
  expect(losses(directory)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
})

test('everything is on the disk after a signal that asks to stop', async () => {
  const directory = scratch()
  const end = await train(directory, 1000, (step, child) => step === 7 && child.kill('SIGTERM'))
  expect(end.code).toBe(143)
  expect(losses(directory).at(-1)).toBe(end.last)
})

test('everything is on the disk after a second signal, which ends at once', async () => {
  const directory = scratch()
  let seen = 0
  const end = await train(directory, 1000, (step, child) => {
    seen = step
    if (step === 7) {
      child.kill('SIGINT')
      child.kill('SIGTERM')
    }
  })
  expect([130, 143]).toContain(end.code)
  expect(losses(directory).length).toBeGreaterThanOrEqual(seen - 1)
})
