import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import { beforeAll, expect, test } from 'vitest'
import { newFolder, writeFile, writeRun, writeRuns } from './folders.ts'

let program: string

beforeAll(async () => {
  const folder = newFolder()
  program = join(folder, 'dist/trainyard.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('../src/trainyard.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    conditions: ['@trainyard/source'],
  })
  writeFile('{"version": "1.2.3"}', folder, 'package.json')
})

/** Runs `trainyard`; whoever reads what it prints goes away after so many characters. */
async function trainyard(
  args: readonly string[],
  readsUpTo = Infinity,
): Promise<{ exitCode: unknown; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    stdout += part
    if (stdout.length > readsUpTo) child.stdout.destroy()
  })
  const [stderr, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'close')])
  return { exitCode, stdout, stderr }
}

test('trainyard is a program that prints, and ends as it should', async () => {
  const logs = writeRuns()
  expect(await trainyard(['--version'])).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' })
  expect(await trainyard(['ls', '-c', 'id,train.loss', '1..2', '--logs', logs])).toEqual({
    exitCode: 0,
    stdout: 'id\ttrain.loss\n1\t0.025\n2\t1.025\n',
    stderr: '',
  })
  expect(await trainyard(['diff', '1', '2', '--logs', logs])).toMatchObject({ exitCode: 1, stderr: '' })
  expect(await trainyard(['sl'])).toMatchObject({ exitCode: 2, stdout: '' })
})

test('trainyard ends quietly when nobody reads any more', async () => {
  const logs = newFolder()
  const rows = Array.from({ length: 50_000 }, (_, step) => ({ step, text: 'x'.repeat(100) }))
  writeRun(logs, 1, { metrics: { train: rows } })
  const { exitCode, stdout, stderr } = await trainyard(['export', '1', '--logs', logs], 1000)
  expect(stdout).toMatch(/^id\tlog\tstep\ttext\n1\ttrain\t0\tx+\n/)
  expect([exitCode, stderr]).toEqual([0, ''])
})
