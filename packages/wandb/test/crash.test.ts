import { execFile, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { WandbStandIn } from '@trainyard/testing/wandb'
import { syncRun, WandbLogger } from '@trainyard/wandb'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { bundlePrograms } from '../../../test/program.ts'
import { environment, newFolder, timing, train } from './toy.ts'

let worker: string
let fullDiskWorker: string
let syncCommand: string
let server: WandbStandIn

beforeAll(async () => {
  const sources = ['killed-worker.ts', 'full-disk-worker.ts', '../src/sync-command.ts']
  const programs = await bundlePrograms(...sources.map((file) => new URL(file, import.meta.url)))
  ;[worker, fullDiskWorker, syncCommand] = programs as [string, string, string]
})
beforeEach(async () => {
  server = await WandbStandIn.start()
})
afterEach(() => server.kill())

test('a kill -9 loses at most one second of rows, and the command sends the others', async () => {
  const folder = newFolder()
  const child = spawn(process.execPath, [worker, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const told: { step: number; time: number }[] = []
  for await (const line of createInterface(child.stdout)) {
    const [step, time] = line.split(' ').map(Number)
    told.push({ step: step!, time: time! })
    // Old enough that there are rows that must not be lost.
    if (time! - told[0]!.time > 2500) break
  }
  const ended = new Promise((done) => child.on('close', done))
  const killedAt = Date.now()
  child.kill('SIGKILL')
  await ended

  const command = [syncCommand, folder]
  const { stdout } = await promisify(execFile)(process.execPath, command, { env: environment(server.url) })
  const steps = server.run('killed').history.map((row) => row['_step'] as number)
  expect(stdout).toContain(
    `[wandb] ${steps.length} rows delivered: ${server.url}/me/uncategorized/runs/killed`,
  )
  expect(steps).toEqual(steps.map((_, i) => i + 1))
  const due = told.findLast(({ time }) => time < killedAt - 1000)!.step
  expect(due).toBeGreaterThan(100)
  expect(steps.length).toBeGreaterThanOrEqual(due)
  // The official client calls such a run crashed, too.
  expect(server.run('killed').exitCode).toBe(1)
})

test('a full disk does not end the training; what fits is whole, and that more is lost is said', async () => {
  const folder = newFolder()
  // 64 KiB: the next byte is an error, as on a disk that is full.
  const limited = 'ulimit -f 128; exec "$0" "$@"'
  const { stdout, stderr } = await promisify(execFile)(
    '/bin/sh',
    ['-c', limited, process.execPath, fullDiskWorker, folder],
    { env: environment(server.url) },
  )
  expect(stdout).toContain('5000 steps')
  expect(stderr).toMatch(/cannot write .*run-full\.wandb: EFBIG.* Rows are kept in memory, and tried again/)
  expect(stderr).toMatch(/\d+ bytes of .*run-full\.wandb could not be written and are lost/)
  await syncRun(folder, { timing, env: environment(server.url), warn: () => {} })
  const steps = server.run('full').history.map((row) => row['_step'])
  expect(steps.length).toBeGreaterThan(100)
  expect(steps).toEqual(steps.map((_, i) => i + 1))
})

test('a file that is torn or damaged is sent up to there, which is said', async () => {
  const warnings: string[] = []
  const offline = async (damage: (file: string) => void): Promise<number> => {
    const logger = new WandbLogger({ mode: 'offline', dir: newFolder(), stepFreq: 1, env: {} })
    await train([logger])
    damage(logger.file!)
    warnings.length = 0
    const warn = (line: string): void => void warnings.push(line)
    await syncRun(logger.file!, { timing, env: environment(server.url), warn })
    return server.run(logger.id).history.length
  }
  expect(await offline(() => {})).toBe(10)
  expect(warnings).toEqual([])
  expect(await offline((file) => truncateSync(file, readFileSync(file).length - 1))).toBe(10)
  expect(await offline((file) => truncateSync(file, 900))).toBeLessThan(10)
  expect(await offline((file) => appendFileSync(file, Buffer.alloc(20, 1)))).toBe(10)
  const flipped = await offline((file) => {
    const bytes = readFileSync(file)
    bytes[900]! ^= 1
    writeFileSync(file, bytes)
  })
  expect(flipped).toBeGreaterThan(0)
  expect(flipped).toBeLessThan(10)
  expect(warnings).toEqual([expect.stringMatching(/\.wandb is torn or damaged: what stands behind its last/)])
})

test('a file that cannot be read does not keep the others from being sent', async () => {
  const dir = newFolder()
  const bad = `${dir}/wandb/offline-run-20200101_000000-bad/run-bad.wandb`
  mkdirSync(dirname(bad), { recursive: true })
  writeFileSync(bad, '')
  const logger = new WandbLogger({ mode: 'offline', dir, stepFreq: 1, logEpochs: false, env: {} })
  await train([logger])
  expect(await syncRun(dir, { timing, env: environment(server.url) })).toMatchObject([
    { file: bad, rows: 0, error: expect.stringContaining('is not a file of W&B: it does not start as one') },
    { rows: 10, delivered: 10, error: undefined },
  ])
})

test('the command says what is wrong', async () => {
  const run = (
    args: string[],
    env = environment(server.url),
  ): Promise<{ code?: number; stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [syncCommand, ...args], { env }).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    )
  expect(await run([])).toMatchObject({ code: 2 })
  expect((await run(['--help'])).stdout).toContain('trainyard-wandb-sync [--timeout <seconds>] <path>...')
  expect(await run(['/no/such/run'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('[wandb] there is no /no/such/run to send'),
  })
  const { HOME } = environment('')
  expect(await run([dirname(worker)], { HOME: HOME! })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('[wandb] there is no API key for api.wandb.ai: set WANDB_API_KEY'),
  })
})
