import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms } from '../../../test/program.ts'
import { eventFiles, readRecords, readRows } from './independent-reader.ts'
import { scratch } from './scratch.ts'

let worker: string
beforeAll(async () => {
  worker = (await bundlePrograms(new URL('exit-worker.ts', import.meta.url)))[0]!
})

/** Runs the worker and gives its exit code. */
function end(logDir: string, way: string): Promise<number> {
  return new Promise((done) => {
    execFile(process.execPath, [worker, logDir, way], (error) => done(Number(error?.code ?? 0)))
  })
}

test.each([
  ['end', 0],
  ['exit', 3],
  ['throw', 1],
  ['reject', 1],
])('everything is on the disk when a program ends by %s', async (way, code) => {
  const logDir = scratch()
  expect(await end(logDir, way)).toBe(code)
  expect(readRows(logDir)).toHaveLength(101)
})

test('a disk that is full when a program ends leaves a file of whole records', async () => {
  const logDir = scratch()
  expect(await end(logDir, 'full')).toBe(0)
  const file = eventFiles(logDir).find((path) => !path.includes('/val/'))!
  expect(statSync(file).size).toBe(readRecords(file).at(-1)!.end)
})

test('two processes in one directory lose nothing', async () => {
  const logDir = scratch()
  await Promise.all(['end', 'exit'].map((way) => end(logDir, way)))
  expect(eventFiles(logDir)).toHaveLength(4)
  for (const way of ['end', 'exit'])
    expect(readRows(logDir).filter(([tag]) => tag === `loss ${way}`)).toHaveLength(101)
})
