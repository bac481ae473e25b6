import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { runCommand } from '@trainyard/cli'
import { beforeAll, expect, test } from 'vitest'
import { bundlePrograms } from '../../../test/program.ts'
import type { RunsMessage } from '../src/viewer/protocol.ts'
import { newFolder, writeFile, writeRun, writeRuns } from './folders.ts'
import { bundlePage } from './page.ts'
import { reportIn } from './report-data.ts'
import { onTerminal } from './terminal.ts'

let program: string

beforeAll(async () => {
  // The only test that bundles them: two at once would write the same files.
  const sources = ['../src/trainyard.ts', '../src/index.ts'].map((path) => new URL(path, import.meta.url))
  const [bundled, library] = await bundlePrograms(...sources)
  const folder = newFolder()
  program = join(folder, 'dist/trainyard.mjs')
  mkdirSync(join(folder, 'dist'))
  copyFileSync(bundled!, program)
  copyFileSync(library!, join(folder, 'dist/index.mjs'))
  writeFile('{"version": "1.2.3"}', folder, 'package.json')
  const { script, style } = await bundlePage()
  writeFile(script, folder, 'dist/page/page.js')
  writeFile(style, folder, 'dist/page/page.css')
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

test('trainyard ui prints the address of a page of this machine, until it is interrupted', async () => {
  const child = spawn(process.execPath, [program, 'ui', '--logs', writeRuns(), '--port', '0'])
  const stderr = text(child.stderr)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  expect(String(line)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}\n$/)
  const page = await (await fetch(String(line))).text()
  for (const [, path] of page.matchAll(/(?:src|href)="(\/[^"]+)"/g))
    expect((await fetch(new URL(path!, String(line)))).status, path).toBe(200)
  expect(page).toContain('/page.js')
  const answer = await fetch(new URL('/api/runs', String(line)))
  expect(((await answer.json()) as RunsMessage).rows).toHaveLength(5)
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(await stderr).toBe('')
})

test('trainyard report writes a file, and says so', async () => {
  const path = join(newFolder(), 'report.html')
  expect(await trainyard(['report', '1..2', '-o', path, '--logs', writeRuns()])).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: expect.stringMatching(/^2 runs → .*report\.html \(\d+(\.\d)? kB\)\n$/) as string,
  })
  const { header } = reportIn(readFileSync(path, 'utf8'))
  expect(header.rows.map(({ id }) => id)).toEqual(['1', '2'])
})

test('trainyard report at a terminal says the same', async () => {
  const { runCommand: run } = (await import(join(dirname(program), 'index.mjs'))) as {
    runCommand: typeof runCommand
  }
  const path = join(newFolder(), 'report.html')
  expect(await onTerminal(['report', '-o', path, '--logs', writeRuns()], { run })).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: expect.stringMatching(/^5 runs → .*report\.html \(\d+(\.\d)? kB\)\n$/) as string,
  })
  expect(readFileSync(path, 'utf8')).toContain('</html>')
})

test.skipIf(!existsSync('/dev/full'))('trainyard says when there is no room for what it prints', async () => {
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [program, 'ls', '--logs', writeRuns()], {
    stdio: ['ignore', full, 'pipe'],
  })
  const [stderr, [exitCode]] = await Promise.all([text(child.stderr!), once(child, 'close')])
  closeSync(full)
  expect([exitCode, stderr]).toEqual([1, 'error: cannot print: ENOSPC: no space left on device, write\n'])
})

test('trainyard does what it is told though nobody reads what it says of it', async () => {
  const logs = writeRuns()
  const child = spawn(process.execPath, [program, 'rm', '1..3', '--yes', '--logs', logs], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child.stderr!.destroy()
  expect(await once(child, 'close')).toEqual([0, null])
  expect(readdirSync(logs).filter((name) => /^\d$/.test(name))).toEqual(['4', '5'])
})
