import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WandbStandIn } from '@trainyard/testing/wandb'
import { histogram, image, syncRun, table, WandbLogger, type WandbLoggerOptions } from '@trainyard/wandb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { atStep, environment, everythingIn, key, newFolder, timing, ToyHost, train } from './toy.ts'

let server: WandbStandIn
beforeEach(async () => {
  server = await WandbStandIn.start({ keys: [key], entities: ['me', 'team'] })
})
afterEach(() => server.kill())

function loggerOf(options: Partial<WandbLoggerOptions<'loss'>> = {}): WandbLogger {
  return new WandbLogger({ stepFreq: 5, dir: newFolder(), timing, env: environment(server.url), ...options })
}

describe('the environment', () => {
  it('is read as the official client reads it', async () => {
    const dir = newFolder()
    const env = environment(`${server.url}/`, {
      WANDB_NAME: 'One',
      WANDB_PROJECT: 'toys',
      WANDB_ENTITY: 'team',
      WANDB_RUN_ID: 'from-env',
      WANDB_TAGS: 'a, b',
      WANDB_NOTES: 'first try',
      WANDB_RUN_GROUP: 'tries',
      WANDB_JOB_TYPE: 'train',
      WANDB_DIR: dir,
      WANDB_RESUME: 'allow',
      WANDB_SILENT: 'true',
    })
    const host = new ToyHost()
    const logger = new WandbLogger({ timing, env })
    await train([logger], { host })
    expect(server.run('from-env').told).toMatchObject({
      displayName: 'One',
      project: 'toys',
      entity: 'team',
      tags: ['a', 'b'],
      notes: 'first try',
      groupName: 'tries',
      jobType: 'train',
    })
    expect(logger.file!.startsWith(join(dir, 'wandb', 'run-'))).toBe(true)
    expect(host.lines).toEqual([])
  })

  it('gives way to options', async () => {
    const env = environment(server.url, { WANDB_PROJECT: 'no', WANDB_MODE: 'disabled', WANDB_RUN_ID: 'no' })
    await train([loggerOf({ wandbProject: 'yes', mode: 'online', id: 'yes', env })])
    expect(server.run('yes').project).toBe('yes')
  })

  it('switches the logger off, or to offline', async () => {
    const off = loggerOf({ env: { WANDB_MODE: 'disabled' } })
    const offline = loggerOf({ env: { WANDB_MODE: 'offline' } })
    await train([off])
    await train([offline])
    expect(off.file).toBeUndefined()
    expect(offline.file).toContain('/offline-run-')
    expect(server.requests).toEqual([])
  })

  it('has the key in ~/.netrc, under the host with its port', async () => {
    const home = newFolder()
    const { host } = new URL(server.url)
    writeFileSync(
      join(home, '.netrc'),
      `# keys\nmachine api.wandb.ai login user password wrong\nmachine ${host}\n  login user\n  password ${key}\n`,
    )
    const logger = loggerOf({ env: { HOME: home, WANDB_BASE_URL: server.url } })
    await train([logger])
    expect(server.run(logger.id).exitCode).toBe(0)
  })
})

describe('a start that cannot work is one clear message', () => {
  it('without a key', () => {
    expect(() => loggerOf({ env: { HOME: '/nowhere' } })).toThrow(
      "[wandb] there is no API key for api.wandb.ai: set WANDB_API_KEY, run `wandb login`, or use { mode: 'offline' }",
    )
  })

  it('with a wrong key', async () => {
    const dir = newFolder()
    const logger = loggerOf({ dir, env: environment(server.url, { WANDB_API_KEY: 'wrong' }) })
    await expect(train([logger])).rejects.toThrow(
      `[wandb] ${server.url} does not accept the API key (HTTP 401: user is not logged in)`,
    )
    expect(everythingIn(dir)).not.toContain('.wandb')
  })

  it('with an entity or a project that the server refuses', async () => {
    await expect(train([loggerOf({ entity: 'nobody' })])).rejects.toThrow(
      `${server.url} refused (HTTP 404: entity nobody not found during upsertBucket); check the project and the entity`,
    )
    server.faults = [{ on: 'UpsertBucket', status: 403, message: 'permission denied' }]
    await expect(train([loggerOf({ wandbProject: 'theirs' })])).rejects.toThrow(
      `${server.url} refused (HTTP 403: permission denied); check the project and the entity`,
    )
  })

  it('with options that make no sense', () => {
    const refused: [Record<string, unknown>, string][] = [
      [{ mode: 'on' }, '`mode` must be one of online, offline, disabled, not on'],
      [{ resume: true }, '`resume` must be one of must, allow, never, not true'],
      [{ client: 'js' }, '`client` must be one of spool, sdk, not js'],
      [{ logModel: 'some' }, '`logModel` must be one of true, false, all, not some'],
      [{ id: '../x' }, '`id` must be up to 128 letters, digits, dashes, dots and underscores, not "../x"'],
      [
        { wandbProject: 'a/b' },
        '`wandbProject` must have no / \\ # ? % : and up to 128 characters, not "a/b"',
      ],
      [{ wandbName: '' }, '`wandbName` must be a text, not ""'],
      [{ tags: 'a' }, '`tags` must be a list of texts, not a'],
      [{ config: 3 }, '`config` must be an object, not 3'],
      [{ resume: 'must' }, "`resume: 'must'` needs the `id` of the run, or WANDB_RUN_ID"],
      [
        { finishTimeout: { seconds: -1 } },
        '`finishTimeout` must be a time such as { seconds: 30 }, not -1 s',
      ],
      [
        { timing: { interval: 'fast' } },
        '`timing.interval` must be a number of milliseconds, up to 24 days, not fast',
      ],
      [
        { env: { WANDB_MODE: 'dryrun' } },
        '`WANDB_MODE` must be one of online, offline, disabled, not dryrun',
      ],
      [{ env: environment('ftp://x') }, 'WANDB_BASE_URL must be an address such as https://api.wandb.ai'],
    ]
    for (const [options, message] of refused)
      expect(() => loggerOf(options as never), JSON.stringify(options)).toThrow(`[wandb] ${message}`)
    expect(() => image({ data: [1, 2], width: 3, height: 1 })).toThrow(
      '[wandb] an image needs width x height',
    )
    expect(() => histogram([1], 0)).toThrow('[wandb] `bins` must be a whole number from 1 to 512, not 0')
    expect(() => table(['a'], [[1, 2]])).toThrow(
      '[wandb] row 0 of a table has 2 cells, but there are 1 columns',
    )
  })
})

describe('the API key', () => {
  it('appears in no file, log, error or process title, whatever the server answers and the program prints', async () => {
    const dir = newFolder()
    const host = new ToyHost()
    const basic = Buffer.from(`api:${key}`).toString('base64')
    server.faults = [
      {
        on: 'file_stream',
        times: 1,
        status: 500,
        message: ({ authorization }) => `failed for ${authorization}`,
      },
      { on: 'file_stream', times: 4, status: 503, message: `failed for ${key}` },
    ]
    const logger = loggerOf({ dir, console: true })
    const print = atStep(2, () => process.stdout.write(`the key is ${key}\n`))
    await train([print, logger], { host })
    expect(server.run(logger.id).lines('output.log').join('\n')).toContain('the key is ***')

    server.faults = [{ on: 'UpsertBucket', status: 403, message: `no, ${key}, ${basic}` }]
    const refused = await train([loggerOf({ dir })]).catch((error: unknown) => error)
    const chain = (error: unknown): string =>
      error instanceof Error ? `${error.stack}\n${JSON.stringify(error)}\n${chain(error.cause)}` : ''
    expect(chain(refused)).toContain('no, ***, ***')
    const [report] = await syncRun(logger.file!, { timing, env: environment(server.url), warn: host.warn })
    server.faults = []
    await train([loggerOf({ dir, client: 'sdk', finishTimeout: { seconds: 20 } })], { host })
    const everything = [
      everythingIn(dir),
      ...host.lines,
      ...host.warnings,
      chain(refused),
      JSON.stringify(report),
      JSON.stringify(logger.getState()),
      process.title,
      process.argv.join(' '),
    ].join('\n')
    expect(everything).not.toContain(key)
    expect(everything).not.toContain(basic)
    expect(host.warnings.length).toBeGreaterThan(0)
  })
})
