// A launch in a job that is started again: the same program and arguments, in the environment that Slurm or `trainyard-mpi` gives.
import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRuns, type Table } from '@trainyard/run-folder'
import { beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { bundlePrograms, temporaryFolder } from '../../../test/program.ts'

vi.setConfig({ testTimeout: 60_000 })

let worker: string
let folder: string

beforeAll(async () => {
  worker = (await bundlePrograms(new URL('job-worker.ts', import.meta.url)))[0]!
})

beforeEach(() => {
  folder = temporaryFolder()
})

type Environment = Readonly<Record<string, string>>

/** Starts the program; gives what it printed, a line each, and how it ended. */
function start(args: readonly string[], env: Environment): { lines: string[]; ended: unknown } {
  const { SLURM_JOB_ID: _, ...own } = process.env
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, [worker, ...args], {
    cwd: folder,
    env: { ...own, ...env },
    encoding: 'utf8',
  })
  const lines = `${stdout}${stderr}`.replaceAll(join(folder, 'logs'), 'logs').trim().split('\n')
  return { lines, ended: signal ?? status }
}

function runs(): Table['rows'] {
  return openRuns(join(folder, 'logs')).select('id', 'status', 'config.lr', 'train.epoch.count').rows
}

/** Makes it look as if what is being written is written by another host, which has said so a moment ago. */
function moveWritersAway(): void {
  for (const id of readdirSync(join(folder, 'logs')))
    for (const name of readdirSync(join(folder, 'logs', id)).filter((file) => file.startsWith('.writer'))) {
      const file = join(folder, 'logs', id, name)
      const heartbeat = new Date().toISOString()
      const record = JSON.parse(readFileSync(file, 'utf8')) as object
      writeFileSync(file, JSON.stringify({ ...record, hostname: `not-${hostname()}`, heartbeat }))
    }
}

const sweep = ['+lr=0.1,0.2,0.3']

test.each([
  ['of Slurm whose time is over', 'SIGTERM', { SLURM_JOB_ID: '7' }, { SLURM_RESTART_COUNT: '1' }],
  ['of Slurm whose node is lost', 'SIGKILL', { SLURM_JOB_ID: '7' }, { SLURM_RESTART_COUNT: '1' }],
  [
    'of trainyard-mpi',
    'SIGKILL',
    { TRAINYARD_JOB: 'a', TRAINYARD_RESTARTS: '0' },
    { TRAINYARD_RESTARTS: '1' },
  ],
] as const)('a job %s goes on with the run of the sweep that it was in', (_job, signal, env, again) => {
  const first = start(sweep, { ...env, DIE_AT: '0.2:3', DIE_BY: signal })
  expect(first.ended).toBe(signal)
  moveWritersAway()
  const second = start(sweep, { ...env, ...again })
  expect(second.lines).toEqual([
    '[launch] run 1 of 3: lr=0.1; is complete in "logs/1"',
    '[launch] run 2 of 3: lr=0.2; goes on in "logs/2"',
    '[launch] run 3 of 3: lr=0.3',
    '["0.2 from epoch 3","0.3 from epoch 0"]',
  ])
  expect(runs()).toEqual([
    [1, 'COMPLETE', 0.1, 5],
    [2, 'COMPLETE', 0.2, 5],
    [3, 'COMPLETE', 0.3, 5],
  ])
  expect(start(sweep, { ...env, ...again }).lines.at(-1)).toBe('[]')
})

test('a single run goes on, too, with the config that it began with', () => {
  const env = { SLURM_JOB_ID: '7', SLURM_CLUSTER_NAME: 'c' }
  start(['+lr=0.1'], { ...env, DIE_AT: '0.1:2', DIE_BY: 'SIGKILL' })
  writeFileSync(join(folder, 'configs/config.yaml'), 'lr: 9\n')
  expect(start(['+lr=0.1'], { ...env, SLURM_RESTART_COUNT: '3' }).lines).toEqual([
    '[launch] run 1 of 1 goes on in "logs/1"',
    '["0.1 from epoch 2"]',
  ])
  expect(runs()).toEqual([[1, 'COMPLETE', 0.1, 5]])
})

test('a run of an earlier job that this one goes back to is gone back to once', () => {
  mkdirSync(join(folder, 'configs'))
  writeFileSync(join(folder, 'configs/config.yaml'), 'lr: 0.1\n')
  start([], { DIE_AT: '0.1:1', DIE_BY: 'SIGTERM' })
  const back = ['lr=0.2', '+trainyard.logger.forcedLogId=1']
  start(back, { SLURM_JOB_ID: '8', DIE_AT: '0.2:2', DIE_BY: 'SIGTERM' })
  const again = { SLURM_JOB_ID: '8', SLURM_RESTART_COUNT: '1' }
  expect(start(back, again).lines.at(-1)).toBe('["0.2 from epoch 2"]')
  expect(start(back, again).lines.at(-1)).toBe('[]')
  expect(runs()).toEqual([[1, 'COMPLETE', 0.1, 5]])
})

test('a launch that went back to the run of another one of the same job does not take it from that one', () => {
  const job = { SLURM_JOB_ID: '9' }
  const back = ['lr=0.2', '+trainyard.logger.forcedLogId=1']
  start(['+lr=0.1'], job)
  start(back, { ...job, DIE_AT: '0.2:6', DIE_BY: 'SIGKILL', EPOCHS: '8' })
  // The script of the job runs both again.
  const again = { ...job, SLURM_RESTART_COUNT: '1' }
  expect(start(['+lr=0.1'], again).lines).toEqual(['[launch] run 1 of 1 is complete in "logs/1"', '[]'])
  expect(start(back, { ...again, EPOCHS: '8' }).lines.at(-1)).toBe('["0.2 from epoch 6"]')
  expect(runs()).toEqual([[1, 'COMPLETE', 0.1, 8]])
})

test('what is another job, another launch of the job, or not started again begins anew', () => {
  const job = { SLURM_JOB_ID: '7' }
  start(sweep, job)
  start(sweep, job)
  expect(runs().length, 'not started again').toBe(6)
  start(['+lr=0.1'], { ...job, SLURM_RESTART_COUNT: '1' })
  expect(runs().length, 'other arguments').toBe(7)
  start(sweep, { SLURM_JOB_ID: '8', SLURM_RESTART_COUNT: '1' })
  expect(runs().length, 'another job').toBe(10)
})

test('of two equal launches in an allocation, the one that was started last goes on', () => {
  const job = { SLURM_JOB_ID: '7', TRAINYARD_RESTARTS: '0' }
  start(sweep, job)
  start(sweep, { ...job, DIE_AT: '0.1:3', DIE_BY: 'SIGKILL' })
  expect(start(sweep, { ...job, TRAINYARD_RESTARTS: '1' }).lines.at(-1)).toBe(
    '["0.1 from epoch 3","0.2 from epoch 0","0.3 from epoch 0"]',
  )
  expect(runs().length).toBe(6)
})
