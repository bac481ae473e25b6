import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onStepEnd } from '@trainyard/core'
import { WandbStandIn } from '@trainyard/testing/wandb'
import { syncRun, WandbLogger, type WandbLoggerOptions } from '@trainyard/wandb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { atStep, environment, losses, newFolder, timing, ToyHost, train } from './toy.ts'

let server: WandbStandIn
beforeEach(async () => {
  server = await WandbStandIn.start()
})
afterEach(() => server.kill())

function loggerOf(options: Partial<WandbLoggerOptions<'loss'>> = {}): WandbLogger {
  return new WandbLogger({
    id: 'run',
    stepFreq: 1,
    logEpochs: false,
    dir: newFolder(),
    timing,
    env: environment(server.url),
    ...options,
  })
}

/** All steps from 1 on, once and in order. */
function expectSteps(count: number): void {
  const run = server.run('run')
  const steps = run.history.map((row) => row['_step'])
  expect(steps).toHaveLength(count)
  expect(steps.findIndex((step, i) => step !== i + 1)).toBe(-1)
  expect(run.conflicts).toBe(0)
}

describe('delivery, against a stand-in for the server', () => {
  it('brings 200,000 rows, once and in order, through three kills, a hang, and bursts of 500s and 429s', async () => {
    const count = 200_000
    server.faults = [
      { on: 'file_stream', times: 3, status: 500 },
      { on: 'file_stream', times: 3, status: 429, retryAfter: 0 },
      { on: 'file_stream', times: 1, hang: true },
      { on: 'file_stream', times: 2, drop: 'before' },
      { on: 'file_stream', times: 2, drop: 'after' },
    ]
    const logger = loggerOf({ timing: { ...timing, requestTimeout: 500 }, finishTimeout: { seconds: 50 } })
    const kills: Promise<void>[] = []
    const kill = onStepEnd((state) => {
      if (state.step % 60_000 !== 30_000 || state.step > 160_000) return
      kills.push(
        server
          .kill()
          .then(() => sleep(30))
          .then(() => server.restart()),
      )
    })
    await train([kill, logger], { data: losses(count) })
    await Promise.all(kills)
    expect(kills).toHaveLength(3)
    expectSteps(count)
    const { history, summary, exitCode } = server.run('run')
    expect(history.at(-1)).toMatchObject({ loss: 1 / count, _step: count })
    expect(summary).toMatchObject({ loss: 1 / count })
    expect(exitCode).toBe(0)
    expect(await logger.finish()).toMatchObject({
      rows: count,
      delivered: count,
      waiting: 0,
      error: undefined,
    })
  })

  it('repeats a request whose answer was lost without a row more', async () => {
    server.faults = [{ on: 'file_stream', times: 1, drop: 'after' }]
    await train([loggerOf()])
    expectSteps(10)
    expect(server.run('run').repeats).toBeGreaterThan(0)
  })

  it('ends a run when there is no server, says so, and syncRun() delivers everything later', async () => {
    await server.kill()
    const host = new ToyHost()
    const dir = newFolder()
    const logger = loggerOf({ dir, finishTimeout: { seconds: 0.2 } })
    // The file waits for a server until the limits are over; a request that hung would end the test.
    const { reason } = await train([logger], { data: losses(5000), host })
    expect(reason).toBe('maxEpochs')
    expect(host.warnings.at(-1)).toContain('0 of 5000 rows delivered')
    expect(host.warnings.at(-1)).toContain(`npx trainyard-wandb-sync ${logger.file}`)

    await server.restart()
    const [report] = await syncRun(dir, { timing, env: environment(server.url) })
    expect(report).toMatchObject({ rows: 5000, delivered: 5000, waiting: 0, error: undefined })
    expectSteps(5000)
    expect(server.run('run').exitCode).toBe(0)

    const { posts } = server.run('run')
    expect(await syncRun(logger.file!, { timing, env: environment(server.url) })).toMatchObject([
      { rows: 5000, delivered: 5000, waiting: 0 },
    ])
    expectSteps(5000)
    expect(server.run('run').repeats).toBe(0)
    expect(server.run('run').posts - posts).toBeLessThanOrEqual(1)
  })

  it('sends the rest of a run that was delivered in part', async () => {
    const dir = newFolder()
    const hang = atStep(6, async () => {
      await server.until(() => (server.runs.get('run')?.history.length ?? 0) >= 4)
      await server.kill()
    })
    await train([hang, loggerOf({ dir, finishTimeout: { seconds: 0.1 } })])
    const delivered = server.run('run').history.length
    expect(delivered).toBeGreaterThanOrEqual(4)
    expect(delivered).toBeLessThan(10)
    await server.restart()
    await syncRun(dir, { timing, env: environment(server.url) })
    expectSteps(10)
  })

  it('leaves out a file of an artifact that is gone or has changed, and sends the rows', async () => {
    const folder = newFolder()
    const offline = async (id: string, damage: (staged: string) => void): Promise<void> => {
      const dir = newFolder()
      const logger = loggerOf({ id, dir, mode: 'offline' })
      const source = join(folder, `${id}.bin`)
      writeFileSync(source, id)
      await train([atStep(3, () => logger.logArtifact({ name: id, type: 'data', path: source })), logger])
      damage(join(dirname(logger.file!), 'artifacts'))
      const warnings: string[] = []
      const warn = (line: string): void => void warnings.push(line)
      const [report] = await syncRun(dir, { timing, env: environment(server.url), warn })
      expect(report).toMatchObject({ rows: 10, delivered: 10, refusedFiles: 1, error: undefined })
      expect(warnings).toEqual([
        expect.stringMatching(`cannot send ${id}: .*(ENOENT|has 3 bytes, but had 7)`),
      ])
    }
    await offline('gone', (staged) => rmSync(staged, { recursive: true }))
    await offline('changed', (staged) => {
      const names = readdirSync(staged, { recursive: true, encoding: 'utf8' })
      truncateSync(
        join(
          staged,
          names.find((path) => path.endsWith('/changed.bin'))!,
        ),
        3,
      )
    })
  })

  it('keeps artifacts apart that are logged at once, and leaves their files as they are', async () => {
    const folder = newFolder()
    const contents = ['first', 'second']
    const paths = contents.map((content) => join(folder, content, 'model.bin'))
    for (const [i, path] of paths.entries()) {
      mkdirSync(dirname(path))
      writeFileSync(path, contents[i]!)
    }
    const logger = loggerOf()
    const both = atStep(3, () =>
      Promise.all(paths.map((path) => logger.logArtifact({ name: 'model', type: 'model', path }))),
    )
    await train([both, logger])
    const sent = server.artifacts.map(({ files }) => Buffer.from(files.get('model.bin')!).toString())
    expect(sent.toSorted()).toEqual(contents)
    expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(contents)
  })

  it('waits as long as it takes if it is told to', async () => {
    server.faults = [{ on: 'file_stream', times: 1, delay: 100 }]
    const logger = loggerOf({ finishTimeout: { seconds: Infinity } })
    await train([logger])
    expect(await logger.finish()).toMatchObject({ rows: 10, delivered: 10, error: undefined })
  })

  it('goes on without a word from the server in the middle of the run', async () => {
    const host = new ToyHost()
    const refuse = atStep(5, async () => {
      await server.until(() => (server.runs.get('run')?.history.length ?? 0) >= 3)
      server.faults = [{ on: 'file_stream', status: 403, message: 'the project is closed' }]
    })
    const logger = loggerOf()
    const { step } = await train([refuse, logger], { host })
    expect(step).toBe(10)
    expect(host.warnings.at(-1)).toContain('refused (HTTP 403: the project is closed)')
    expect(host.warnings.at(-1)).toContain('wait in')
    server.faults = []
    await syncRun(logger.file!, { timing, env: environment(server.url) })
    expectSteps(10)
  })

  it.each([
    ['long', 'x'.repeat(1_500_000)],
    ['nearly too long', 'x'.repeat(7_900_000)],
    ['quotes, which become longer on their way', '"'.repeat(600_000)],
  ])('keeps a request below ten megabytes where texts are %s', async (_, text) => {
    const big = onStepEnd(() => logger.log({ text }))
    const logger = loggerOf()
    await train([big, logger], { data: losses(4) })
    expectSteps(4)
    expect(server.run('run').history.at(-1)!['text']).toBe(text)
    expect(Math.max(...server.requests.map(({ bytes }) => bytes))).toBeLessThan(10_000_000)
  })

  it.each([
    ['letters', 'x'.repeat(9_500_000)],
    ['quotes', '"'.repeat(3_000_000)],
    ['other characters', 'ü'.repeat(4_500_000)],
  ])('refuses a row of %s that no server takes, and says so', async (_, text) => {
    const host = new ToyHost()
    const logger = loggerOf()
    await train([atStep(3, () => logger.log({ text })), logger], { host })
    expect(host.warnings.join()).toMatch(/the row of step 3 has \d+ bytes, too many for W&B/)
    expect(server.run('run').history.map((row) => row['_step'])).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10])
  })

  it('lets the server know that a run lives that has nothing to log', async () => {
    const logger = loggerOf({ stepFreq: 1000, timing: { ...timing, heartbeat: 10 } })
    const wait = atStep(5, () => server.until(() => (server.runs.get('run')?.heartbeats ?? 0) >= 3))
    await train([wait, logger])
    expect(server.run('run').heartbeats).toBeGreaterThanOrEqual(3)
  })

  it('ends the run politely when somebody presses Stop on its page', async () => {
    const press = atStep(3, async () => {
      await server.until(() => server.runs.has('run'))
      server.run('run').isStopped = true
    })
    const wait = onStepEnd(async (_state, trainer) => {
      // Each step gives delivery time to hear of it.
      while (!trainer.stopRequest && server.runs.get('run')?.isStopped) await sleep(1)
    })
    const { reason, detail, step } = await train([press, wait, loggerOf()], { data: losses(1000) })
    expect({ reason, detail }).toEqual({ reason: 'stop', detail: 'the Stop button of the W&B page' })
    expect(step).toBe(3)
    expectSteps(3)
    expect(server.run('run').exitCode).toBe(0)
  })
})
