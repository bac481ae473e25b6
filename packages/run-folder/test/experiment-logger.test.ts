import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Callback, Trainer, type TrainerOptions } from '@trainyard/core'
import { ExperimentLogger, openRuns, RunFolderLogger } from '@trainyard/run-folder'
import { beforeAll, describe, expect, test } from 'vitest'
import { filesIn, newFolder, read } from './folders.ts'
import { bundleWorker, runProcess } from './processes.ts'
import { ranks } from './ranks.ts'
import { numbers, ToyModule, type ToyOutputs } from './toy.ts'

function trainer(options: Partial<TrainerOptions<number, ToyOutputs>> = {}): Trainer<number, ToyOutputs> {
  return new Trainer<number, ToyOutputs>({ module: new ToyModule(), data: numbers, maxEpochs: 1, ...options })
}

/** A logger that remembers which directory it was pointed at. */
class Pointed extends Callback {
  override readonly enforce = 'post'
  directory: string | undefined

  override useDirectory(directory: string): void {
    this.directory = directory
  }
}

describe('the directory', () => {
  test('is dir/name/version', async () => {
    const dir = newFolder()
    const own = trainer()
    const experiment = new ExperimentLogger({ dir, name: 'mnist', version: 'v2', config: { lr: 0.1 } })
    expect(() => experiment.logDir).toThrow('call it first')
    expect(await experiment.setup(own)).toBe(join(dir, 'mnist/v2'))
    expect([own.logDirectory, experiment.logDir]).toEqual([join(dir, 'mnist/v2'), join(dir, 'mnist/v2')])
    experiment.run!.finish()
    const [run] = openRuns(dir)
    expect(['id', 'config.lr', 'status', 'info.log_id'].map((field) => run!.get(field))).toEqual([
      'mnist/v2',
      0.1,
      'COMPLETE',
      'v2',
    ])
  })

  test('has the date and time as its version, a different one each time, even in the same second', async () => {
    const dir = newFolder()
    const made = await Promise.all([1, 2, 3].map(() => new ExperimentLogger({ dir }).setup(trainer())))
    expect(new Set(made).size).toBe(3)
    for (const path of made) expect(basename(path)).toMatch(/^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(_\d)?$/)
    expect(made[0]!.startsWith(join(dir, 'default'))).toBe(true)
  })

  test('is dir/name without a version, or where the run is to be resumed; an explicit version stays', async () => {
    const dir = newFolder()
    const setup = async (options: object, resume?: boolean): Promise<string> => {
      const experiment = new ExperimentLogger({ dir, name: 'x', ...options })
      const path = await experiment.setup(trainer(), resume)
      experiment.run!.finish()
      return path.slice(dir.length + 1)
    }
    expect(await setup({ useDatetimeVersion: false })).toBe('x')
    expect(await setup({}, true)).toBe('x')
    expect(await setup({ version: '3' }, true)).toBe('x/3')
    expect(await setup({ version: '3' })).toBe('x/3')
  })

  test('can be given as a whole, and names that leave it are refused', async () => {
    const explicitLogDir = join(newFolder(), 'here')
    const experiment = new ExperimentLogger({ explicitLogDir })
    expect(await experiment.setup(trainer())).toBe(explicitLogDir)
    experiment.run!.finish()
    expect(() => new ExperimentLogger({ explicitLogDir, name: 'x' })).toThrow(
      'leave out `dir`, `name` and `version`',
    )
    for (const name of ['..', 'a/b', '', 'CON', 'a\0'])
      for (const option of ['name', 'version'])
        expect(() => new ExperimentLogger({ [option]: name })).toThrow(`[run-folder] the \`${option}\``)
    await expect(experiment.setup(trainer())).rejects.toThrow('`setup` was called twice')
  })

  test('of a run that is being written is refused', async () => {
    const options = { dir: newFolder(), useDatetimeVersion: false }
    const first = new ExperimentLogger(options)
    await first.setup(trainer())
    await expect(new ExperimentLogger(options).setup(trainer(), true)).rejects.toThrow('is writing the run')
    first.run!.finish()
  })
})

describe('what it installs', () => {
  test('the trainer gets the checkpoint callback and the loggers, and all are pointed at the run', async () => {
    const callbacks = Array.from({ length: 5 }, () => new Pointed())
    const [ckpt, tensorboard, wandb, extra, own] = callbacks as [Pointed, Pointed, Pointed, Pointed, Pointed]
    const experiment = new ExperimentLogger({
      dir: newFolder(),
      ckpt,
      tensorboard,
      wandb,
      extraLoggers: [extra, own],
    })
    const trained = trainer({ callbacks: [own] })
    await experiment.setup(trained)
    expect(new Set(trained.callbacks)).toEqual(new Set(callbacks))
    await trained.train()
    experiment.run!.finish()
    for (const { directory } of callbacks) expect(directory).toBe(experiment.logDir)
  })

  test('without updateLoggerDirectory the loggers stay where they are, the checkpoints do not', async () => {
    const [ckpt, tensorboard] = [new Pointed(), new Pointed()]
    const metrics = new RunFolderLogger({ stepFreq: 5 })
    const experiment = new ExperimentLogger({
      dir: newFolder(),
      ckpt,
      tensorboard,
      updateLoggerDirectory: false,
    })
    const trained = trainer({ callbacks: [metrics] })
    await experiment.setup(trained)
    await trained.train()
    experiment.run!.finish()
    expect([ckpt.directory, tensorboard.directory]).toEqual([experiment.logDir, undefined])
    expect(openRuns(join(experiment.logDir, '..')).at(0)!.get('train.step.count')).toBe(4)
  })
})

describe('what is kept', () => {
  test('the command line without its secrets, files, and the state of the code', async () => {
    const folder = newFolder()
    const repository = join(folder, 'code')
    mkdirSync(repository)
    const git = (...args: string[]): string =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
        cwd: repository,
        encoding: 'utf8',
      })
    git('init', '-q')
    writeFileSync(join(repository, 'main.ts'), 'one\n')
    git('add', '.')
    git('commit', '-qm', 'first')
    writeFileSync(join(repository, 'main.ts'), 'two\n')
    const logs = join(folder, 'logs')
    const ended = await runProcess(
      worker,
      ['experiment', logs, '--api-key=hush', 'wandb.password=hush', 'HF_TOKEN=hush', '--token', 'hush'],
      undefined,
      repository,
    )
    expect(ended.stderr).toContain('it broke')
    const [run] = openRuns(logs)
    const at = (name: string): string => read(run!.directory, name)
    expect(at('cmd-args.log')).toMatch(
      /^\S+ \S+run-worker\.mjs experiment \S+ --api-key=\*\*\* wandb\.password=\*\*\* HF_TOKEN=\*\*\* --token \*\*\*\n$/,
    )
    expect(at('git-info.log')).toBe(`commit hash: ${git('rev-parse', 'HEAD')}${git('diff', 'HEAD')}`)
    expect(at('git-info.log')).toContain('-one\n+two\n')
    expect(at('log_globalrank-0_localrank-0.txt')).toBe('on with it\nmind this\n')
    expect(at('error_log.txt')).toMatch(/^mind this\nError: it broke\n/)
    expect(run!.status).toBe('FAILED')
    expect(filesIn(run!.directory).some((file) => read(run!.directory, file).includes('hush'))).toBe(false)
  })

  test('files to copy are there, or named', async () => {
    const folder = newFolder()
    const settings = join(folder, 'settings.json')
    writeFileSync(settings, '{}')
    const experiment = new ExperimentLogger({ dir: folder, filesToCopy: [settings] })
    await experiment.setup(trainer())
    experiment.run!.finish()
    expect(read(experiment.logDir, 'settings.json')).toBe('{}')
    const wrong = new ExperimentLogger({ dir: folder, filesToCopy: [join(folder, 'none')] })
    await expect(wrong.setup(trainer())).rejects.toThrow('`filesToCopy` names')
  })

  test('earlier files are moved away before new ones are opened: all of a run that is over, the logs of one that goes on', async () => {
    const options = { dir: newFolder(), name: 'x', useDatetimeVersion: false }
    const start = async (text: string, resume: boolean): Promise<ExperimentLogger> => {
      const experiment = new ExperimentLogger({ ...options, config: { text } })
      await experiment.setup(trainer(), resume)
      experiment.run!.logMetrics({ loss: 1, text }, 'train')
      process.stdout.write(`${text}\n`)
      experiment.run!.finish()
      return experiment
    }
    const { logDir } = await start('one', false)
    mkdirSync(join(logDir, 'checkpoints/step=1'), { recursive: true })
    writeFileSync(join(logDir, 'events.out.tfevents.1'), '')
    const log = 'log_globalrank-0_localrank-0.txt'
    await start('two', true)
    expect(read(logDir, 'run_0', log)).toBe('one\n')
    expect(read(logDir, log)).toBe('two\n')
    expect(read(logDir, 'metrics/train.json')).toBe(
      '{"loss": 1, "text": "one"}\n{"loss": 1, "text": "two"}\n',
    )
    await start('three', false)
    expect(read(logDir, 'run_1', log)).toBe('two\n')
    expect(read(logDir, 'metrics/train.json')).toBe('{"loss": 1, "text": "three"}\n')
    expect(existsSync(join(logDir, 'checkpoints/step=1'))).toBe(true)
    expect(existsSync(join(logDir, 'events.out.tfevents.1'))).toBe(true)
    expect(openRuns(options.dir).select('id', 'config.text', 'train.loss.count').rows).toEqual([
      ['x', 'three', 1],
      ['x/run_1', 'one', 2],
    ])
  })

  test('a file a rank, in the folder that rank zero has chosen', async () => {
    const dir = newFolder()
    const experiments = [0, 1].map(() => new ExperimentLogger({ dir }))
    await Promise.all(ranks(2).map((strategy, rank) => experiments[rank]!.setup(trainer({ strategy }))))
    expect(experiments[1]!.logDir).toBe(experiments[0]!.logDir)
    expect([experiments[0]!.run === undefined, experiments[1]!.run]).toEqual([false, undefined])
    expect(filesIn(experiments[0]!.logDir)).toEqual(
      expect.arrayContaining(['log_globalrank-0_localrank-0.txt', 'log_globalrank-1_localrank-1.txt']),
    )
    experiments[0]!.run!.finish()
  })
})

let worker: string

beforeAll(async () => {
  worker = await bundleWorker('run-worker')
})
