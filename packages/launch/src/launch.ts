import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Awaitable, single, type Strategy } from '@trainyard/core'
import {
  fromRankZero,
  type GitInfo,
  type PlainRecord,
  type PlainValue,
  RunLogger,
} from '@trainyard/run-folder'
import { checkGit, recordGit } from './git-guard.ts'
import { withMark } from './job.ts'
import { type PlannedRun, planRuns } from './plan.ts'
import { checkConfig, type Schema } from './schema.ts'
import { type Seeding, seedMathRandom } from './seeding.ts'

export interface LaunchOptions<Config> {
  /** The config file. It is made if there is none, and so is `trainyard.yaml` beside it, with the settings of the tool. Default: `configs/config.yaml`. */
  readonly config?: string | undefined
  /** Checks the config, with all overrides in it, and gives it its type. */
  readonly schema?: Schema<Config> | undefined
  /** Called with `config.seed` before each run, if that is a number. Default: `Math.random` gives the numbers of that seed until the run ends. */
  readonly seeding?: Seeding | undefined
  /** That of the trainer, if it is one of several ranks, each of which has to launch: they have one run between them. Default: `single()`. */
  readonly strategy?: Strategy | undefined
  /** Default: those of the command line. */
  readonly args?: readonly string[] | undefined
}

/** What a program gets. */
export interface Context<Config> {
  readonly config: Config
  readonly logger: RunLogger
  /** What `metadata/info.yaml` says. */
  readonly info: PlainRecord
}

type AnyConfig = Readonly<Record<string, PlainValue>>

/**
 * Runs a program with a config and a run folder; with several if the command line asks for a sweep, one after another. Gives what the program gives for
 * each. A run that is gone back to has the config that it had, with what the command line changes. In a job of Slurm that queues again, or one that
 * `trainyard-mpi` starts again, the launch goes on with the run that it was in; those that are complete are left out.
 *
 * ```ts
 * await launch({ config: 'configs/config.yaml' }, async ({ config, logger }) => {
 *   logger.logMetrics({ loss: 0.5, lr: config.optimizer.lr }, 'train')
 * })
 * ```
 *
 * @throws what the program throws, when its run is marked as FAILED; the rest of a sweep is left out.
 */
export async function launch<Config = AnyConfig, Result = void>(
  options: LaunchOptions<Config>,
  program: (context: Context<Config>) => Awaitable<Result>,
): Promise<Result[]> {
  const {
    config: path = 'configs/config.yaml',
    args = process.argv.slice(2),
    schema,
    seeding = seedMathRandom,
    strategy = single(),
  } = options
  let git: (GitInfo | undefined)[] = []
  // All runs are looked at first: what is wrong with the last one of a sweep must not come out after a night.
  const planned = await fromRankZero(strategy, () => {
    const runs = planRuns(path, args)
    git = checkGit(pendingOf(runs).map(({ settings }) => settings))
    return runs
  })
  const pending = pendingOf(planned)
  const configs: Config[] = []
  for (const { config } of pending) configs.push(await checkConfig(schema, structuredClone(config)))
  const results: Result[] = []
  for (const run of planned) {
    if (!strategy.globalRank) announce(run, planned)
    const i = pending.indexOf(run)
    if (i < 0) continue
    const logger = await openLogger(run, configs[i] as Record<string, unknown>, strategy, git[i])
    const { result, isInterrupted } = await makeRun(configs[i]!, logger, seeding, strategy, program)
    results.push(result)
    if (isInterrupted) break
  }
  return results
}

function pendingOf(runs: readonly PlannedRun[]): PlannedRun[] {
  return runs.filter(({ before }) => !before?.isOver)
}

function announce(run: PlannedRun, planned: readonly PlannedRun[]): void {
  const { text, before } = run
  if (planned.length === 1 && !before) return
  const how = before && `${before.isOver ? 'is complete in' : 'goes on in'} "${before.directory}"`
  const what = [text && `: ${text}`, how && ` ${how}`]
  console.log(
    `[launch] run ${planned.indexOf(run) + 1} of ${planned.length}${what.filter(Boolean).join(';')}`,
  )
}

/** A run, and what takes its folder away again if it is not to be kept. */
interface OpenedLogger {
  readonly logger: RunLogger
  readonly remove: () => void
}

async function openLogger(
  { settings: { useLogger, logger: options }, config: givenConfig, job }: PlannedRun,
  config: Record<string, unknown>,
  strategy: Strategy,
  git: GitInfo | undefined,
): Promise<OpenedLogger> {
  const isWriter = !strategy.globalRank
  const parentLogDir =
    useLogger || !isWriter ? options.parentLogDir : mkdtempSync(join(tmpdir(), 'trainyard-'))
  const configs = isDeepStrictEqual(config, givenConfig) ? { config } : { config, givenConfig }
  const logger = await RunLogger.open(
    useLogger ? { ...options, ...configs } : { parentLogDir, ...configs },
    strategy,
  )
  if (isWriter) {
    if (job) logger.updateInfo(withMark(logger.info, job))
    recordGit(logger, git)
  }
  return {
    logger,
    remove() {
      if (!useLogger && isWriter) rmSync(parentLogDir, { recursive: true, force: true })
    },
  }
}

async function makeRun<Config, Result>(
  config: Config,
  { logger, remove }: OpenedLogger,
  seeding: Seeding,
  strategy: Strategy,
  program: (context: Context<Config>) => Awaitable<Result>,
): Promise<{ result: Result; isInterrupted: boolean }> {
  let unseed: (() => void) | void = undefined
  try {
    const seed = (config as { seed?: unknown }).seed
    if (typeof seed === 'number') unseed = seeding(seed)
    const result = await program({
      config,
      logger,
      get info() {
        return logger.info
      },
    })
    // A signal may have come to one rank alone; and a program may have said how its run has ended.
    const isStopped = isStoppedBySignal() || logger.info['status'] === 'INTERRUPTED'
    const onAnyRank = Float64Array.of(Number(isStopped))
    await strategy.allReduce(onAnyRank, 'max')
    const isInterrupted = onAnyRank[0] === 1
    logger.finish(isInterrupted ? 'INTERRUPTED' : undefined)
    return { result, isInterrupted }
  } catch (error) {
    logger.finish('FAILED', error)
    throw error
  } finally {
    unseed?.()
    remove()
  }
}

/** Whoever obeys a signal, as a trainer does, sets the exit code: SIGHUP, SIGINT, SIGTERM. */
function isStoppedBySignal(): boolean {
  return [129, 130, 143].includes(Number(process.exitCode))
}
