import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { single } from '@trainyard/core'
import { type Context, launch, type StandardSchema } from '@trainyard/launch'
import { openRuns, readYaml } from '@trainyard/run-folder'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bundlePrograms, runProgram } from '../../../test/program.ts'

const before = process.cwd()
let worker: string
let folder: string

beforeAll(async () => {
  worker = (await bundlePrograms(new URL('launch-worker.ts', import.meta.url)))[0]!
})

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-launch-'))
  process.chdir(folder)
})

afterEach(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

interface Config {
  readonly seed: number | null
  readonly optimizer: { readonly lr: number; readonly name: string }
  readonly layers: readonly number[]
}

function writeConfig(text = 'seed: 0\noptimizer:\n  lr: 0.1\n  name: adam\nlayers: [64, 32]\n'): void {
  mkdirSync('configs', { recursive: true })
  writeFileSync('configs/config.yaml', text)
}

/** Launches a program that gives back its config. */
function configs(...args: string[]): Promise<unknown[]> {
  return launch({ args }, ({ config }) => config)
}

describe('the files', () => {
  test('are made with their defaults where there are none', async () => {
    expect(await configs()).toEqual([{ seed: null }])
    expect(readFileSync('configs/config.yaml', 'utf8')).toBe('seed: null\n')
    expect(readYaml('configs/trainyard.yaml')).toEqual({
      logger: {
        parentLogDir: './logs',
        forcedLogId: -1,
        createIfMissing: false,
        takeOver: false,
        logStreamsToFile: false,
      },
      useLogger: true,
      git: 'ignore',
    })
    expect(openRuns('logs').select('id', 'status', 'config.seed').rows).toEqual([[1, 'COMPLETE', null]])
    expect(readdirSync('configs').toSorted()).toEqual(['config.yaml', 'trainyard.yaml'])
  })

  test('are made once by processes that start at once', async () => {
    const ended = await Promise.all(Array.from({ length: 8 }, () => runProgram(worker, [], folder)))
    expect(ended).toEqual(Array.from({ length: 8 }, () => '{"seed":null}\n'))
    expect(readdirSync('configs').toSorted()).toEqual(['config.yaml', 'trainyard.yaml'])
    expect(openRuns('logs').filter("status == 'COMPLETE'").length).toBe(8)
  })

  test('can have any name, and are refused if they are no config', async () => {
    mkdirSync('settings')
    writeFileSync('settings/mine.yaml', 'lr: 1e-3\n')
    expect(await launch({ config: 'settings/mine.yaml', args: [] }, ({ config }) => config['lr'])).toEqual([
      0.001,
    ])
    expect(existsSync('settings/trainyard.yaml')).toBe(true)
    const launchWith = (text: string): Promise<unknown> => {
      writeConfig(text)
      return configs()
    }
    await expect(launchWith('- 1\n')).rejects.toThrow(
      '[launch] "configs/config.yaml" must hold keys and values',
    )
    await expect(launchWith('a: {')).rejects.toThrow('is not YAML')
    await expect(launchWith('x'.repeat(10 << 20))).rejects.toThrow('has 10485760 bytes')
    const bomb = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`).join(
      '\n',
    )
    await expect(launchWith(`l0: &l0 [1]\n${bomb}`)).rejects.toThrow('has more than 100000 values')
    expect(openRuns('logs').length).toBe(1)
  })
})

describe('overrides', () => {
  test.each([
    ['optimizer.lr=1e-3', { optimizer: { lr: 0.001, name: 'adam' } }],
    ['optimizer.name=sgd', { optimizer: { lr: 0.1, name: 'sgd' } }],
    ["optimizer.name='1,5'", { optimizer: { lr: 0.1, name: '1,5' } }],
    ['optimizer.name=', { optimizer: { lr: 0.1, name: '' } }],
    ['optimizer.name=https://a.b/c?d=e', { optimizer: { lr: 0.1, name: 'https://a.b/c?d=e' } }],
    ['optimizer.name=a: b', { optimizer: { lr: 0.1, name: 'a: b' } }],
    ["optimizer.name=it's", { optimizer: { lr: 0.1, name: "it's" } }],
    ['optimizer={lr: 1, momentum: .9}', { optimizer: { lr: 1, momentum: 0.9 } }],
    ['layers=[8, 8]', { layers: [8, 8] }],
    ['seed=null', { seed: null }],
    ['+optimizer.decay.rate=-.5', { optimizer: { lr: 0.1, name: 'adam', decay: { rate: -0.5 } } }],
    ['+new.key=true', { new: { key: true } }],
    ['++optimizer.lr=2', { optimizer: { lr: 2, name: 'adam' } }],
    ['++other=2', { other: 2 }],
    ['~optimizer.name', { optimizer: { lr: 0.1 } }],
  ])('%s', async (override, changed) => {
    writeConfig()
    const expected = { seed: 0, optimizer: { lr: 0.1, name: 'adam' }, layers: [64, 32], ...changed }
    expect(await configs(override)).toEqual([expected])
    expect(readYaml('logs/1/metadata/config.yaml')).toEqual(expected)
  })

  test.each([
    [
      'optimizer.lrr=1',
      '"optimizer.lrr=1": the config has no "optimizer.lrr"; did you mean "optimizer.lr"? To add it, use +optimizer.lrr=…',
    ],
    ['+optimizer.lr=1', 'the config has "optimizer.lr" already; use optimizer.lr=… to change it'],
    ['~optimiser', 'did you mean "optimizer"?'],
    ['optimizer=1', '"optimizer" of the config is a group; set one of optimizer.lr, optimizer.name'],
    ['optimizer.lr.x=1', '"optimizer.lr" of the config has nothing below it'],
    ['--lr=1', '"--lr=1" is no override; write key=value, +new.key=value, ++any.key=value or ~key'],
    ['lr', '"lr" is no override'],
    ['layers=[1, 2', 'has a value that is not YAML'],
    [
      '+trainyard.logger.forced_log_id=1',
      'trainyard has no "logger.forced_log_id"; did you mean "logger.forcedLogId"?',
    ],
    [
      '+trainyard.logger.forcedLogId=one',
      'the setting "logger.forcedLogId" in the command line must be a number, not "one"',
    ],
    [
      '+trainyard.git=no',
      'the setting "git" in the command line must be one of ignore, record, refuse, not "no"',
    ],
    ['~trainyard.git', 'a setting is set'],
  ])('%s is an error', async (override, message) => {
    writeConfig()
    await expect(configs(override)).rejects.toThrow(message)
    expect(existsSync('logs')).toBe(false)
  })

  test('a misspelt setting in the file is one, too', async () => {
    mkdirSync('configs')
    writeFileSync('configs/trainyard.yaml', 'logger:\n  parent_log_dir: ./elsewhere\n')
    await expect(configs()).rejects.toThrow(
      '"configs/trainyard.yaml" has no setting "logger.parent_log_dir"; did you mean "logger.parentLogDir"?',
    )
  })
})

describe('sweeps', () => {
  test('make a run for each combination, one after another', async () => {
    writeConfig()
    const running: number[] = []
    const results = await launch<Config, unknown>(
      { args: ['optimizer.lr=0.1,0.01', 'optimizer.name=adam,sgd', 'layers=[1, 2],[3]'] },
      async ({ config, logger }) => {
        running.push(logger.logId)
        await new Promise(setImmediate)
        expect(running.pop()).toBe(logger.logId)
        return [config.optimizer.lr, config.optimizer.name, config.layers.length]
      },
    )
    expect(results).toEqual([
      [0.1, 'adam', 2],
      [0.1, 'adam', 1],
      [0.1, 'sgd', 2],
      [0.1, 'sgd', 1],
      [0.01, 'adam', 2],
      [0.01, 'adam', 1],
      [0.01, 'sgd', 2],
      [0.01, 'sgd', 1],
    ])
    expect(openRuns('logs').diff()).toEqual(['config.optimizer.lr', 'config.optimizer.name', 'config.layers'])
  })

  test('end with the first error, which its run keeps', async () => {
    writeConfig()
    const program = ({ config }: Context<Config>): void => {
      if (config.optimizer.lr === 0.5) throw new Error('too fast')
    }
    await expect(launch<Config>({ args: ['optimizer.lr=0.1,0.5,0.9'] }, program)).rejects.toThrow('too fast')
    expect(openRuns('logs').select('id', 'status').rows).toEqual([
      [1, 'COMPLETE'],
      [2, 'FAILED'],
    ])
    expect(openRuns('logs').at(1)!.get('info.error')).toContain('Error: too fast')
  })

  test('cannot all be the same run', async () => {
    writeConfig()
    await expect(configs('optimizer.lr=1,2', '+trainyard.logger.forcedLogId=1')).rejects.toThrow(
      'this is a sweep over 2 runs, which cannot all be run 1',
    )
  })
})

describe('going back to a run', () => {
  test('gives the config that it had, with what is changed, and needs a run that is there', async () => {
    writeConfig()
    await configs('optimizer.lr=7')
    writeConfig('seed: 99\n')
    expect(await configs('+trainyard.logger.forcedLogId=1', 'layers=[1]')).toEqual([
      { seed: 0, optimizer: { lr: 7, name: 'adam' }, layers: [1] },
    ])
    expect(readYaml('logs/1/metadata/config.yaml')).toMatchObject({ layers: [64, 32] })
    expect(openRuns('logs').at(0)!.get('info.resumes')).toMatchObject([{ config: { layers: [1] } }])
    await expect(configs('+trainyard.logger.forcedLogId=11')).rejects.toThrow('there is no run 11')
    await configs('+trainyard.logger.forcedLogId=11', '+trainyard.logger.createIfMissing=true')
    expect(readdirSync('logs').filter((name) => /^\d+$/.test(name))).toEqual(['1', '11'])
  })
})

describe('a schema', () => {
  test('of a library says what is wrong with which value, and gives the config its type', async () => {
    writeConfig()
    const schema: StandardSchema<Config> = {
      '~standard': {
        async validate(value) {
          const config = value as Config
          return typeof config.optimizer.lr === 'number'
            ? { value: { ...config, layers: config.layers.map((units) => units * 2) } }
            : { issues: [{ message: 'expected a number', path: ['optimizer', { key: 'lr' }] }] }
        },
      },
    }
    const [layers] = await launch({ schema, args: [] }, ({ config }) => config.layers)
    expect(layers).toEqual([128, 64])
    await expect(launch({ schema, args: ['optimizer.lr=fast'] }, () => {})).rejects.toThrow(
      '[launch] the config does not fit its schema:\n  optimizer.lr: expected a number',
    )
    // @ts-expect-error: there is no such value
    await launch({ schema, args: [] }, ({ config }) => config.optimiser)
    const runs = openRuns('logs').length
    await expect(launch({ schema, args: ['optimizer.lr=0.1,fast'] }, () => {})).rejects.toThrow(
      'optimizer.lr: expected a number',
    )
    expect(openRuns('logs').length, 'the first run of the sweep must not have begun').toBe(runs)
  })

  test('that changes values does so once, however often the run is gone back to', async () => {
    writeConfig('timeout: 30s\n')
    // Not for its own results: it knows no numbers.
    const schema = (config: unknown): { timeout: number } => {
      const { timeout } = config as { timeout: string }
      if (!/^\d+s$/.test(timeout)) throw new Error(`timeout: ${timeout} is no number of seconds`)
      return { timeout: 1000 * Number.parseInt(timeout) }
    }
    const timeouts = (...args: string[]): Promise<number[]> =>
      launch({ schema, args }, ({ config }) => config.timeout)
    expect(await timeouts()).toEqual([30_000])
    writeConfig('timeout: 99s\n')
    expect(await timeouts('+trainyard.logger.forcedLogId=1')).toEqual([30_000])
    expect(await timeouts('+trainyard.logger.forcedLogId=1', 'timeout=5s')).toEqual([5000])
    expect(await timeouts('+trainyard.logger.forcedLogId=1')).toEqual([30_000])
    const run = openRuns('logs').at(0)!
    expect(run.config, 'what the program gets').toEqual({ timeout: 30_000 })
    expect(run.get('info.given_config')).toEqual({ timeout: '30s' })
    expect(run.info['resumes']).toMatchObject([{}, { config: { timeout: 5000 } }, {}])
  })

  test('does not hide a secret that would be written down with what it was given', async () => {
    writeConfig('lr: 1\napi_key: abc\n')
    await expect(launch({ schema: () => ({ lr: 1 }), args: [] }, () => {})).rejects.toThrow(
      'the `givenConfig` has a "api_key", which would be written to every run; keep it in the environment',
    )
    expect(existsSync('logs')).toBe(false)
  })

  test('can be a function', async () => {
    writeConfig()
    const [seed] = await launch(
      { schema: (config) => ({ seed: Number((config as Config).seed) + 1 }), args: [] },
      ({ config }) => config.seed,
    )
    expect(seed).toBe(1)
  })
})

describe('seeds', () => {
  test('make Math.random the same for a run, and leave it as it was', async () => {
    writeConfig()
    const original = Math.random
    const draw = (...args: string[]): Promise<number[]> =>
      launch({ args }, () => Math.random() + Math.random())
    const [one, two, three] = await draw('seed=1,1,2')
    expect(two).toBe(one)
    expect(three).not.toBe(one)
    const [four, five] = await draw('seed=null,null')
    expect(five).not.toBe(four)
    await expect(launch({ args: [] }, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(Math.random).toBe(original)
  })

  test('are spread evenly', async () => {
    writeConfig()
    await launch({ args: ['seed=7'] }, () => {
      const counts = Array.from({ length: 10 }, () => 0)
      for (let i = 0; i < 10_000; i++) counts[Math.floor(Math.random() * 10)]!++
      expect(Math.min(...counts)).toBeGreaterThan(850)
      expect(Math.max(...counts)).toBeLessThan(1150)
    })
  })

  test('can be set by a function of the program', async () => {
    writeConfig()
    const seen: string[] = []
    const seeding = (seed: number) => {
      seen.push(`seed ${seed}`)
      return () => void seen.push('over')
    }
    await launch({ args: ['seed=3'], seeding }, () => void seen.push('run'))
    expect(seen).toEqual(['seed 3', 'run', 'over'])
  })
})

test('several ranks have one run a combination, with the same config and seed', async () => {
  writeConfig()
  const tell: ((bytes: Uint8Array) => void)[] = []
  const told = ['the plan', 'run 1', 'run 2'].map(() => new Promise<Uint8Array>((done) => tell.push(done)))
  const seen: unknown[] = []
  const start = (rank: number): Promise<unknown[]> => {
    let sent = 0
    const strategy = {
      ...single(),
      worldSize: 2,
      globalRank: rank,
      localRank: rank,
      broadcast(bytes: Uint8Array) {
        if (rank === 0) tell[sent]!(bytes)
        return told[sent++]!
      },
    }
    // In one process they would take `Math.random` from each other.
    return launch({ strategy, seeding: () => {}, args: ['seed=1,2'] }, ({ config, logger, info }) => {
      seen.push([rank, config['seed'], logger.logId, info['status']])
      logger.logMetrics({ rank }, 'train')
    })
  }
  await Promise.all([start(0), start(1)])
  expect(seen).toEqual(
    expect.arrayContaining([0, 1].flatMap((rank) => [1, 2].map((run) => [rank, run, run, 'RUNNING']))),
  )
  expect(openRuns('logs').select('id', 'status', 'train.rank.count', 'train.rank').rows).toEqual([
    [1, 'COMPLETE', 1, 0],
    [2, 'COMPLETE', 1, 0],
  ])
})

test('a signal that has come to another rank alone ends the run and the sweep, too', async () => {
  writeConfig()
  const strategy = {
    ...single(),
    worldSize: 2,
    globalRank: 0,
    localRank: 0,
    allReduce: (flags: Float32Array | Float64Array) => void flags.fill(1),
  }
  const options = { strategy, args: ['seed=1,2'] }
  expect(await launch(options, ({ config }) => config['seed'])).toEqual([1])
  expect(openRuns('logs').select('id', 'status').rows).toEqual([[1, 'INTERRUPTED']])
  // The other rank leaves its sweep, so this one has to, too, even if its program has said that the run is complete.
  expect(await launch(options, ({ config, logger }) => (logger.finish(), config['seed']))).toEqual([1])
})

describe('git', () => {
  function repository(): void {
    const git = (...args: string[]): unknown =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args])
    git('init', '-q')
    writeFileSync('main.ts', 'one\n')
    writeConfig()
    writeFileSync('configs/trainyard.yaml', 'git: ignore\n')
    git('add', '.')
    git('commit', '-qm', 'first')
  }

  test('changes that are not committed are refused or recorded; the runs themselves are none', async () => {
    repository()
    await configs('+trainyard.git=refuse')
    await configs('+trainyard.git=refuse')
    writeFileSync('main.ts', 'two\n')
    writeFileSync('new.ts', '')
    await expect(configs('+trainyard.git=refuse')).rejects.toThrow(
      '[launch] there are changes that are not committed; commit them, or set `git: record`:\n   M main.ts\n  ?? new.ts',
    )
    await configs('+trainyard.git=record')
    const [first, , third] = openRuns('logs')
    expect(first!.get('info.version_manager')).toMatchObject({
      commit_hash: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
      uncommitted: [],
    })
    expect(third!.get('info.version_manager.uncommitted')).toEqual([' M main.ts', '?? new.ts'])
    expect(readFileSync('logs/3/metadata/git.diff', 'utf8')).toContain('-one\n+two\n')
  })

  test('outside of a repository there is nothing to record, and refusing is refused', async () => {
    writeConfig()
    await configs('+trainyard.git=record')
    expect(openRuns('logs').at(0)!.get('info.version_manager')).toBeUndefined()
    await expect(configs('+trainyard.git=refuse')).rejects.toThrow('`git: refuse` needs a git repository')
  })
})

describe('the settings of the tool', () => {
  test('choose the folder of the runs, and whether there is one', async () => {
    writeConfig()
    const dirs = await launch({ args: ['+trainyard.logger.parentLogDir=./new_logs'] }, ({ logger, info }) => [
      logger.logDir,
      info['status'],
    ])
    expect(dirs).toEqual([[join(process.cwd(), 'new_logs/1'), 'RUNNING']])
    const [kept] = await launch({ args: ['trainyard.useLogger=false'] }, ({ logger }) => {
      logger.logMetrics({ loss: 1 }, 'train')
      return logger.logDir
    })
    expect(existsSync(kept!)).toBe(false)
    expect(readdirSync('.').toSorted()).toEqual(['configs', 'new_logs'])
  })

  test('keep what is printed', async () => {
    writeConfig()
    await launch(
      { args: ['+trainyard.logger.logStreamsToFile=true'] },
      () => void process.stdout.write('printed\n'),
    )
    process.stdout.write('printed later\n')
    expect(readFileSync('logs/1/log.stdout', 'utf8')).toBe('printed\n')
  })
})
