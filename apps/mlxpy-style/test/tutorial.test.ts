import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openRuns, readYaml } from '@trainyard/run-folder'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { bundlePrograms, runProgram, startProgram, temporaryFolder } from '../../../test/program.ts'

let program: string
let folder: string

beforeAll(async () => {
  program = (await bundlePrograms(new URL('../src/main.ts', import.meta.url)))[0]!
})

beforeEach(() => {
  folder = temporaryFolder()
  const config = fileURLToPath(new URL('../configs/config.yaml', import.meta.url))
  cpSync(config, join(folder, 'configs/config.yaml'))
})

const start = (...args: string[]): Promise<string> => runProgram(program, args, folder)

/** The files of the runs; beside them the reader keeps what it has read. */
function tree(): string[] {
  return readdirSync(join(folder, 'logs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(folder, 'logs', file)).isFile())
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file !== '.trainyard-index.json')
    .toSorted()
}

/** As the seed prints them, to the letter. */
const mlxpyYaml = `logger:
  forced_log_id: -1
  log_streams_to_file: false
  name: DefaultLogger
  parent_log_dir: ./logs
scheduler:
  cleanup_cmd: ''
  env_cmd: ''
  name: NoScheduler
  option_cmd: []
  shell_config_cmd: ''
  shell_path: /bin/bash
version_manager:
  name: GitVM
  parent_work_dir: ./.workdir
  compute_requirements: false
use_logger: true
use_scheduler: false
use_version_manager: false
interactive_mode: true
`
const infoKeys = [
  'executable',
  'cmd',
  'end_date',
  'end_time',
  'current_file_path',
  'log_dir',
  'log_id',
  'process_id',
  'start_date',
  'start_time',
  'status',
  'user',
  'work_dir',
]

test('three runs leave the tree and the files of the seed', async () => {
  expect(await start()).toMatch(/^Starting from epoch 0\nCompleted training with learning rate: 10\n\nid /)
  const table = (await start('optimizer.lr=1,0.1')).split('\n\n')[1]!
  expect(table.split('\n').map((row) => row.trim().split(/ +/).slice(0, 4).join(' '))).toEqual([
    'id status config.optimizer.lr train.epoch',
    '1 COMPLETE 10 9',
    '2 COMPLETE 1 9',
    '3 COMPLETE 0.1 9',
  ])
  const files = [
    'artifacts/Checkpoint/last_ckpt.safetensors',
    'metadata/config.yaml',
    'metadata/info.yaml',
    'metadata/mlxpy.yaml',
    'metrics/.keys/metrics.yaml',
    'metrics/train.json',
  ]
  expect(tree()).toEqual([1, 2, 3].flatMap((id) => files.map((file) => `${id}/${file}`)))
  const read = (file: string): string => readFileSync(join(folder, 'logs/1', file), 'utf8')
  const lines = read('metrics/train.json').trimEnd().split('\n')
  expect(lines).toHaveLength(10)
  for (const [epoch, line] of lines.entries())
    expect(line).toMatch(new RegExp(`^\\{"loss": 0\\.\\d+, "epoch": ${epoch}\\}$`))
  const losses = openRuns(join(folder, 'logs')).at(0)!.values('train.loss') as number[]
  expect(losses.every((loss, i) => i === 0 || loss < losses[i - 1]!)).toBe(true)
  expect(readYaml(join(folder, 'logs/1/metadata/config.yaml'))).toEqual({
    seed: 0,
    num_epoch: 10,
    model: { num_units: 100 },
    data: { d_int: 10, device: 'cpu' },
    optimizer: { lr: 10 },
  })
  expect(read('metadata/mlxpy.yaml')).toBe(mlxpyYaml)
  const info = readYaml(join(folder, 'logs/1/metadata/info.yaml')) as Record<string, unknown>
  expect(Object.keys(info).slice(0, infoKeys.length)).toEqual(infoKeys)
  expect(read('metadata/info.yaml')).toMatch(/^end_date: \d\d\/\d\d\/\d{4}\nend_time: '\d\d:\d\d:\d\d'$/m)
  expect(info).toMatchObject({ cmd: '', log_id: 1, status: 'COMPLETE', current_file_path: program })
  expect(openRuns(join(folder, 'logs')).diff()).toEqual(['config.optimizer.lr'])
})

test('a run that is over starts from epoch 10 and adds no rows; one that is given more epochs goes on', async () => {
  await start()
  const rows = (): string => readFileSync(join(folder, 'logs/1/metrics/train.json'), 'utf8')
  const before = rows()
  expect(await start('+trainyard.logger.forcedLogId=1')).toContain('Starting from epoch 10\n')
  expect(rows()).toBe(before)
  expect(await start('num_epoch=12', '+trainyard.logger.forcedLogId=1')).toContain('Starting from epoch 10\n')
  expect(rows().startsWith(before)).toBe(true)
  expect(openRuns(join(folder, 'logs')).at(0)!.values('train.epoch')).toEqual(
    Array.from({ length: 12 }, (_, i) => i),
  )
  expect(tree().filter((file) => file.startsWith('2/'))).toEqual([])
})

test('killed at any time and resumed, it leaves what an unbroken run leaves', async () => {
  await start('num_epoch=40')
  const metrics = (id: number): string => readFileSync(join(folder, `logs/${id}/metrics/train.json`), 'utf8')
  const child = startProgram(program, ['num_epoch=40'], folder)
  // Somewhere after the fifth epoch.
  const watch = setInterval(() => {
    if (existsSync(join(folder, 'logs/2/metrics/train.json')) && metrics(2).split('\n').length > 5)
      child.kill('SIGKILL')
  }, 1)
  await once(child, 'exit')
  clearInterval(watch)
  expect(child.signalCode).toBe('SIGKILL')
  expect(await start('+trainyard.logger.forcedLogId=2')).toMatch(/Starting from epoch [1-9]\d*\n/)
  expect(metrics(2)).toBe(metrics(1))
})

test('--help says how to start it, and so does an override that is none', async () => {
  const usage = await start('--help')
  expect(usage).toMatch(/^Usage: npx -y pnpm start mlxpy-style \[setting=value …\]\n/)
  for (const [argument, wrong] of [
    ['--epochs', '"--epochs" is no override'],
    ['optimizer.lrr=1', 'did you mean "optimizer.lr"?'],
    ['optimizer.lr=0.1,x', 'optimizer.lr: Invalid input: expected number'],
    ['data.device=tpu', 'data.device: Invalid option'],
  ] as const) {
    const stderr = expect.stringMatching(/^\[launch\] [^]*\nUsage: [^]*run 1\.\n$/) as string
    await expect(start(argument)).rejects.toMatchObject({ code: 2, stderr, stdout: '' })
    await expect(start(argument)).rejects.toThrow(wrong)
  }
  expect(readdirSync(folder)).toEqual(['configs'])
})

test('the runs go where they are told', async () => {
  await start('num_epoch=1', '+trainyard.logger.parentLogDir=./new_logs')
  expect(readdirSync(folder).toSorted()).toEqual(['configs', 'new_logs'])
})

test('a job that starts again when all is done has nothing to add', () => {
  const job = (again: NodeJS.ProcessEnv): string =>
    execFileSync(process.execPath, [program, 'num_epoch=1', '+trainyard.logger.parentLogDir=./new_logs'], {
      cwd: folder,
      env: { ...process.env, SLURM_JOB_ID: '7', ...again },
      encoding: 'utf8',
    })
  job({})
  expect(job({ SLURM_RESTART_COUNT: '1' })).toMatch(
    /^\[launch\] run 1 of 1 is complete in ".*1"\n\nWhat next/,
  )
})
