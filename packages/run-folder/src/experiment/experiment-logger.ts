import { appendFileSync, copyFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Callback, TrainerHandle } from '@trainyard/core'
import { check, fail } from '../errors.ts'
import { checkName } from '../names.ts'
import { fromRankZero } from '../run/from-rank-zero.ts'
import { redactArguments } from '../run/redact.ts'
import { errorText } from '../run/run-info.ts'
import { Run } from '../run/run.ts'
import { RunFolderLogger } from '../run-folder-logger.ts'
import { chooseDirectory, experimentSettings } from './experiment-directory.ts'
import { gitInfo } from './git-info.ts'
import { moveEarlierRun } from './move-earlier-run.ts'
import { teeToFile } from '../run/tee-to-file.ts'

export interface ExperimentLoggerOptions {
  /** The folder of all experiments. Default: `./experiments`. */
  readonly dir?: string | undefined
  /** Default: `default`. */
  readonly name?: string | undefined
  /** A name of this run's own, below that of the experiment. */
  readonly version?: string | undefined
  /** Takes the date and time as the version, where none is given and the run is not to be resumed. Default: true. */
  readonly useDatetimeVersion?: boolean | undefined
  /** The run's folder itself, in place of `dir`, `name` and `version`. */
  readonly explicitLogDir?: string | undefined
  /** Points the loggers of the trainer, such as TensorBoard's and that of W&B, at the run's folder. Default: true. */
  readonly updateLoggerDirectory?: boolean | undefined
  /** A `ModelCheckpoint` to install; without a `dirpath` it saves in the run's folder. */
  readonly ckpt?: Callback<string> | undefined
  /** A `TensorboardLogger` to install. */
  readonly tensorboard?: Callback<string> | undefined
  /** A `WandbLogger` to install. */
  readonly wandb?: Callback<string> | undefined
  /** Other loggers to install. */
  readonly extraLoggers?: readonly Callback<string>[] | undefined
  /** Copied into the run's folder. */
  readonly filesToCopy?: readonly string[] | undefined
  /** What the run was given; kept in `metadata/config.yaml`. */
  readonly config?: Readonly<Record<string, unknown>> | undefined
  /** Words to find the run by. */
  readonly tags?: readonly string[] | undefined
  /** Writes a run that another process seems to be writing. Default: false. */
  readonly takeOver?: boolean | undefined
}

/**
 * A run in a named folder, `dir/name/version`; in the way of NeMo's `NeMoLogger`. It keeps what every rank prints, what the run was started with and
 * what of the code was not committed, installs a trainer's loggers, and tells all of them where to write.
 *
 * ```ts
 * const experiment = new ExperimentLogger({ dir: 'experiments', name: 'mnist', ckpt: new ModelCheckpoint() })
 * await experiment.setup(trainer, true)
 * ```
 */
export class ExperimentLogger {
  readonly #options: ExperimentLoggerOptions
  #logDir: string | undefined
  #run: Run | undefined

  /** @throws if options contradict each other, or a name is no name of a folder. */
  constructor(options: ExperimentLoggerOptions = {}) {
    const { explicitLogDir, dir, name, version, filesToCopy = [], extraLoggers = [] } = options
    if (explicitLogDir !== undefined && (dir ?? name ?? version) !== undefined)
      fail('`explicitLogDir` is the whole path; leave out `dir`, `name` and `version`, or leave out this one')
    if (name !== undefined) checkName('the `name`', name)
    if (version !== undefined) checkName('the `version`', version)
    check(Array.isArray(filesToCopy), 'filesToCopy', 'a list of paths', filesToCopy)
    check(Array.isArray(extraLoggers), 'extraLoggers', 'a list of callbacks', extraLoggers)
    this.#options = options
  }

  /** The run's folder, absolute; known after `setup`. */
  get logDir(): string {
    return this.#logDir ?? fail('the folder is chosen by `setup(trainer)`; call it first')
  }

  /** The run, to log into it by hand; only on rank zero, after `setup`. */
  get run(): Run | undefined {
    return this.#run
  }

  /**
   * Makes the folder and sets the trainer up: call it before the trainer runs. In a single process everything is done when it returns, awaited or not;
   * in a run of several, all ranks have to call it.
   * @param resumeIfExists Whether the run goes on if the folder has one: the same that `AutoResume` is told. Without it, an earlier run is moved to `run_N`.
   */
  async setup(trainer: TrainerHandle, resumeIfExists = false): Promise<string> {
    if (this.#logDir) fail('`setup` was called twice; a second trainer needs an ExperimentLogger of its own')
    const { strategy } = trainer
    if (strategy.worldSize === 1) this.#logDir = this.#openRun(resumeIfExists)
    else this.#logDir = await fromRankZero(strategy, () => this.#openRun(resumeIfExists))
    this.#keepOutput(strategy.globalRank ?? 0, strategy.localRank ?? 0)
    this.#install(trainer)
    trainer.logDirectory = this.#logDir
    return this.#logDir
  }

  /** Makes or finds the folder, and opens the run in it. Earlier files are out of the way before the first new one is opened. */
  #openRun(isResumed: boolean): string {
    const { config, tags, takeOver, filesToCopy = [] } = this.#options
    const missing = filesToCopy.find((file) => !statSync(file, { throwIfNoEntry: false })?.isFile())
    if (missing !== undefined) fail(`\`filesToCopy\` names "${missing}", which is no file; correct the path`)
    const directory = chooseDirectory(this.#options, isResumed)
    this.#run = new Run(directory, {
      logId: basename(directory),
      settings: experimentSettings(this.#options),
      config,
      tags,
      takeOver,
      prepare: () => moveEarlierRun(directory, isResumed),
    })
    for (const file of filesToCopy) copyFileSync(file, join(directory, basename(file)))
    const commandLine = [process.execPath, ...redactArguments(process.argv.slice(1))].join(' ')
    writeFileSync(join(directory, 'cmd-args.log'), `${commandLine}\n`)
    const git = gitInfo(process.cwd())
    if (git) writeFileSync(join(directory, 'git-info.log'), `commit hash: ${git.commit}\n${git.diff}`)
    return resolve(directory)
  }

  /** Every rank has a file with all that it prints; what went wrong on rank zero stands in one of its own, too. */
  #keepOutput(globalRank: number, localRank: number): void {
    const tee = (streams: readonly ('stdout' | 'stderr')[], name: string): void => {
      const path = join(this.logDir, name)
      // Ranks that have no run keep theirs until the process ends.
      if (this.#run) this.#run.tee(streams, path)
      else teeToFile(streams, path)
    }
    tee(['stdout', 'stderr'], `log_globalrank-${globalRank}_localrank-${localRank}.txt`)
    if (!this.#run) return
    tee(['stderr'], 'error_log.txt')
    // What Node itself prints when a program dies of an error goes by no stream of the program.
    this.#run.whenFinished((error) => {
      if (error !== undefined) appendFileSync(join(this.logDir, 'error_log.txt'), `${errorText(error)}\n`)
    })
  }

  #install(trainer: TrainerHandle): void {
    const { ckpt, tensorboard, wandb, extraLoggers = [], updateLoggerDirectory = true } = this.#options
    for (const callback of [ckpt, tensorboard, wandb, ...extraLoggers])
      if (callback && !trainer.callbacks.includes(callback)) trainer.addCallback(callback)
    if (updateLoggerDirectory) return
    // The trainer tells its directory to everybody who listens; the loggers shall not, but for the one that writes into runs.
    for (const callback of trainer.callbacks)
      if (callback.enforce === 'post' && callback !== ckpt && !(callback instanceof RunFolderLogger))
        Object.defineProperty(callback, 'useDirectory', { value: undefined, configurable: true })
  }
}
