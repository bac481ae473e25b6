import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRuns, readYaml, RunLogger } from '@trainyard/run-folder'
import { beforeAll, expect, test } from 'vitest'
import { linesOf, newFolder, read } from './folders.ts'
import { bundleWorker, runProcess } from './processes.ts'

let worker: string

beforeAll(async () => {
  worker = await bundleWorker('run-worker')
})

/** Kills a process with a signal when it has said something. */
function killAt(
  says: RegExp,
  signal: NodeJS.Signals = 'SIGKILL',
): (stdout: string, child: ChildProcess) => void {
  return (stdout, child) => void (says.test(stdout) && child.kill(signal))
}

// On machines that are busy, fifty processes take their time.
test('fifty processes that start at once get fifty numbers', { timeout: 180_000 }, async () => {
  const parentLogDir = newFolder()
  const ended = await Promise.all(
    Array.from({ length: 50 }, () => runProcess(worker, ['number', parentLogDir])),
  )
  expect(
    ended.map(({ stdout, stderr }) => Number(stdout) || stderr).toSorted((a, b) => Number(a) - Number(b)),
  ).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  expect(openRuns(parentLogDir).filter("info.status == 'COMPLETE' & train.loss == 1").length).toBe(50)
})

test.each([3, 200, 1500])('a kill after row %i loses none', async (row) => {
  const parentLogDir = newFolder()
  const { stdout, signal } = await runProcess(
    worker,
    ['rows', parentLogDir],
    killAt(new RegExp(`^${row}$`, 'm')),
  )
  expect(signal).toBe('SIGKILL')
  const logged = stdout.trimEnd().split('\n').length
  const [run] = openRuns(parentLogDir)
  expect(run!.status).toBe('DEAD')
  expect(run!.get('info.alive')).toBe(false)
  const values = run!.values('train.row')
  expect(values.length).toBeGreaterThanOrEqual(logged)
  expect(values).toEqual(Array.from({ length: values.length }, (_, i) => i + 1))
  // The next start goes on with it.
  const again = new RunLogger({ parentLogDir, forcedLogId: 1 })
  again.logMetrics({ row: values.length + 1 }, 'train')
  again.finish()
  expect(linesOf(again.logDir, 'train')).toHaveLength(values.length + 1)
})

test.each([1, 4, 9])(
  'a kill among checkpoints, after %i of them, leaves a whole one and its rows',
  async (saved) => {
    const parentLogDir = newFolder()
    await runProcess(worker, ['checkpoints', parentLogDir], killAt(new RegExp(`^${saved}$`, 'm')))
    const run = new RunLogger({ parentLogDir, forcedLogId: 1 })
    const { step, weights } = (await run.loadCheckpoint<{ step: number; weights: Float32Array }>())!
    expect(step).toBeGreaterThanOrEqual(saved)
    expect(weights.every((weight) => weight === step)).toBe(true)
    run.logMetrics({ step: step + 1 }, 'train')
    await run.logCheckpoint({ step: step + 1 })
    run.finish()
    expect(openRuns(parentLogDir).at(0)!.values('train.step')).toEqual(
      Array.from({ length: step + 1 }, (_, i) => i + 1),
    )
    expect(openRuns(parentLogDir).at(0)!.artifacts).toEqual(['Checkpoint/last_ckpt.safetensors'])
  },
)

test('of many processes that go back to the same dead run, one gets it', async () => {
  const parentLogDir = newFolder()
  await runProcess(worker, ['rows', parentLogDir], killAt(/^5$/m))
  const winners: ChildProcess[] = []
  let refused = 0
  // The one that is not refused lives until all others are.
  const end = (): void => {
    if (refused === 7) for (const child of winners) child.kill()
  }
  const all = Array.from({ length: 8 }, async () => {
    const ended = await runProcess(worker, ['again', parentLogDir], (_, child) => {
      winners.push(child)
      end()
    })
    if (ended.code === 1) refused++
    end()
    return ended
  })
  const ended = await Promise.all(all)
  const opened = ended.filter(({ stdout }) => stdout === 'opened 1\n')
  expect(opened).toHaveLength(1)
  for (const { stderr } of ended.filter((one) => !opened.includes(one)))
    expect(stderr).toMatch(/\[run-folder\] (process \d+ on .+|another process) is writing the run/)
})

test.each([
  ['error', /status: FAILED[^]*error: [^]*it broke/, 1],
  ['exit', /status: FAILED[^]*error: the process ended with exit code 3/, 3],
])('what ends a process is written down: %s', async (end, said, code) => {
  const parentLogDir = newFolder()
  expect((await runProcess(worker, [end, parentLogDir])).code).toBe(code)
  expect(read(parentLogDir, '1/metadata/info.yaml')).toMatch(said)
})

test('what a program prints is in the run, too', async () => {
  const parentLogDir = newFolder()
  const { stdout } = await runProcess(worker, ['error', parentLogDir])
  expect(stdout).toBe('hello\n')
  expect(read(parentLogDir, '1/log.stdout')).toBe('hello\n')
  expect(read(parentLogDir, '1/log.stderr')).toBe('careful\n')
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  'a %s ends a program as ever, and the run is INTERRUPTED',
  async (signal) => {
    const parentLogDir = newFolder()
    const ended = await runProcess(worker, ['signal', parentLogDir], killAt(/ready/, signal))
    expect(ended.signal).toBe(signal)
    expect(readYaml(join(parentLogDir, '1/metadata/info.yaml'))).toMatchObject({
      status: 'INTERRUPTED',
      end_time: expect.stringMatching(/:/) as unknown,
    })
  },
)

test('a trainer that obeys a signal makes the run INTERRUPTED, with all of its rows', async () => {
  const parentLogDir = newFolder()
  const ended = await runProcess(worker, ['trainer', parentLogDir], killAt(/^ready\n$/, 'SIGTERM'))
  expect(ended).toMatchObject({ code: 143, stdout: 'ready\nsignal\n' })
  const [run] = openRuns(parentLogDir)
  expect(run!.status).toBe('INTERRUPTED')
  expect(run!.get('train.step.count')).toBe(run!.get('train.step.last'))
})

test('a heartbeat of another machine decides where the process cannot be asked', () => {
  const parentLogDir = newFolder()
  const run = new RunLogger({ parentLogDir })
  run.finish()
  const info = join(run.logDir, 'metadata/info.yaml')
  writeFileSync(info, read(info).replace('COMPLETE', 'RUNNING'))
  const beat = (ago: number): string => {
    const record = {
      process_id: 1,
      hostname: 'elsewhere',
      heartbeat: new Date(Date.now() - ago).toISOString(),
    }
    writeFileSync(join(run.logDir, '.writer-1'), JSON.stringify(record))
    return openRuns(parentLogDir).at(0)!.status!
  }
  expect(beat(15_000)).toBe('RUNNING')
  expect(beat(90_000)).toBe('DEAD')
})
