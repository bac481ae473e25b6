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
    client: 'sdk',
    stepFreq: 1,
    logEpochs: false,
    dir: newFolder(),
    timing,
    env: environment(server.url),
    ...options,
  })
}

describe('the client "sdk", with @wandb/sdk, against a stand-in for the server', () => {
  it('brings rows and configuration, and says that it cannot tell what arrived', async () => {
    const host = new ToyHost()
    const logger = loggerOf({ config: { lr: 0.1 }, wandbName: 'One', wandbProject: 'toys' })
    await train([atStep(2, () => logger.log({ big: 1n, odd: [NaN] })), logger], { host })
    const run = server.run('run')
    expect(run.history.map(({ _step, loss }) => [_step, loss])).toEqual(
      losses(10).map((loss, i) => [i + 1, loss]),
    )
    expect(run.history[1]).toMatchObject({ big: 1, odd: ['NaN'] })
    expect(run.config).toEqual({ lr: 0.1 })
    expect(run.exitCode).toBe(0)
    expect(await logger.finish()).toMatchObject({ rows: 10, delivered: undefined })
    expect(host.lines.join('\n')).toContain(
      '10 rows handed to @wandb/sdk, which does not tell what arrives; all are in',
    )
  })

  it('does not let it end the program', async () => {
    const host = new ToyHost()
    // The SDK throws this where nobody can catch it.
    server.faults = [{ on: 'UpsertBucket', status: 403 }]
    const logger = loggerOf()
    await expect(train([logger], { host })).rejects.toThrow('[wandb] @wandb/sdk: ')

    server.faults = []
    const kill = atStep(5, () => server.kill())
    const later = loggerOf({ id: 'later', finishTimeout: { seconds: 1 } })
    const { step } = await train([kill, later], { host })
    expect(step).toBe(10)
    await server.restart()
    await syncRun(later.file!, { timing, env: environment(server.url) })
    expect(server.run('later').history.map(({ _step }) => _step)).toEqual(losses(10).map((_, i) => i + 1))
  })

  it('leaves signals alone', async () => {
    const before = ['SIGINT', 'SIGTERM', 'exit'].map((name) => process.listeners(name as 'SIGINT'))
    await train([loggerOf()])
    expect(['SIGINT', 'SIGTERM', 'exit'].map((name) => process.listeners(name as 'SIGINT'))).toEqual(before)
  })
})
