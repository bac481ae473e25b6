// `trainyard-mpi --max-restarts` as a program, with a launcher that stands for MPICH's: it runs one process.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test, vi } from 'vitest'
import { bundlePrograms, temporaryFolder } from '../../../test/program.ts'

vi.setConfig({ testTimeout: 60_000 })

let command: string
beforeAll(async () => {
  command = (await bundlePrograms(new URL('../src/trainyard-mpi.ts', import.meta.url)))[0]!
})

/** Starts a job that fails at each start; gives its exit code, and the variables that each start has seen: TRAINYARD_RESTARTS, TRAINYARD_JOB. */
function failingJob(options: readonly string[], env: NodeJS.ProcessEnv = {}): [number | null, string[]] {
  const folder = temporaryFolder()
  const mpirun = join(folder, 'mpirun')
  writeFileSync(
    mpirun,
    `#!/bin/bash
if [ "$1" = --version ]; then echo HYDRA build details:; exit; fi
echo "$TRAINYARD_RESTARTS $TRAINYARD_JOB" >> starts
exit 3
`,
    { mode: 0o755 },
  )
  const { SLURM_JOB_ID: _, TRAINYARD_JOB: __, TRAINYARD_RESTARTS: ___, ...own } = process.env
  const args = [command, '-n', '1', '--launcher', mpirun, ...options, 'train.mjs']
  const { status } = spawnSync(process.execPath, args, { cwd: folder, env: { ...own, ...env } })
  const lines = readFileSync(join(folder, 'starts'), 'utf8').trim().split('\n')
  return [status, lines.map((line) => line.trim())]
}

test('a job that may be started again has a name, which is the same at each start', () => {
  const [code, starts] = failingJob(['--max-restarts', '2'])
  expect(code).toBe(3)
  const name = /^0 ([0-9a-f]{8})$/.exec(starts[0]!)?.[1]
  expect(starts).toEqual([`0 ${name}`, `1 ${name}`, `2 ${name}`])
  expect(failingJob(['--max-restarts', '1'])[1][0]).not.toBe(starts[0])
})

test('a job that is not started again needs none, and one of Slurm has its number', () => {
  expect(failingJob([])).toEqual([3, ['0']])
  expect(failingJob(['--max-restarts', '1'], { SLURM_JOB_ID: '7' })).toEqual([3, ['0', '1']])
})

test('whoever starts the command may have named the job, and have started it before', () => {
  expect(failingJob(['--max-restarts', '1'], { TRAINYARD_JOB: 'night', TRAINYARD_RESTARTS: '2' })).toEqual([
    3,
    ['2 night', '3 night'],
  ])
  expect(failingJob([], { TRAINYARD_JOB: 'night' })).toEqual([3, ['0 night']])
})
