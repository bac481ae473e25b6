import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type Awaitable, single, type Strategy } from '@trainyard/core'
import { type PlainRecord, type PlainValue, readYaml, RunLogger } from '@trainyard/run-folder'
import { applyOverride } from './apply-override.ts'
import { fail } from './errors.ts'
import { checkGit, recordGit } from './git-guard.ts'
import { type Override, parseOverride } from './override.ts'
import { checkConfig, type Schema } from './schema.ts'
import { type Seeding, seedMathRandom } from './seeding.ts'
import { checkSettings, defaultSettings, type Settings } from './settings.ts'
import { readOrMakeYaml } from './yaml-file.ts'

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
 * each. A run that is gone back to has the config that it had, with what the command line changes.
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
  const overrides = args.map(parseOverride)
  const settingsPath = join(dirname(path), 'trainyard.yaml')
  if (basename(path) === 'trainyard.yaml')
    fail('`config` must not be trainyard.yaml, which holds the settings of the tool')
  const fileConfig = readOrMakeYaml(path, { seed: null })
  const fileSettings = checkSettings(readOrMakeYaml(settingsPath, defaultSettings), `"${settingsPath}"`)
  const jobs = sweep(overrides).map((choices) => jobOf(choices, fileConfig, fileSettings))
  checkJobs(jobs)
  // All of them first: what is wrong with the last run of a sweep must not come out after a night.
  const configs: Config[] = []
  for (const { config } of jobs) configs.push(await checkConfig(schema, structuredClone(config)))
  const results: Result[] = []
  for (const [i, { settings, text }] of jobs.entries()) {
    if (jobs.length > 1 && !strategy.globalRank)
      console.log(`[launch] run ${i + 1} of ${jobs.length}: ${text}`)
    const logger = await openLogger(settings, configs[i] as Record<string, unknown>, strategy)
    const { result, isInterrupted } = await runJob(configs[i]!, logger, seeding, program)
    results.push(result)
    if (isInterrupted) break
  }
  return results
}

/** An override with one of its values. */
type Choice = readonly [override: Override, value: PlainValue | undefined]

/** One run of a sweep. */
interface Job {
  readonly config: PlainRecord
  readonly settings: Settings
  /** What makes it differ from the others. */
  readonly text: string
}

/** Gives every combination of the values of overrides; the last one changes fastest. */
function sweep(overrides: readonly Override[]): Choice[][] {
  return overrides.reduce<Choice[][]>(
    (combinations, override) => {
      const choices: Choice[] =
        override.kind === 'drop' ? [[override, undefined]] : override.values.map((value) => [override, value])
      return combinations.flatMap((combination) => choices.map((choice) => [...combination, choice]))
    },
    [[]],
  )
}

function jobOf(choices: readonly Choice[], fileConfig: PlainRecord, fileSettings: Settings): Job {
  const isSetting = ([{ path }]: Choice): boolean => path[0] === 'trainyard'
  let settings = fileSettings as unknown as PlainRecord
  for (const [override, value] of choices.filter(isSetting)) {
    const setting = { ...override, kind: 'set' as const, path: override.path.slice(1) }
    if (override.kind === 'drop' || setting.path.length === 0)
      fail(`"${override.text}": a setting is set, as in +trainyard.logger.forcedLogId=1`)
    settings = applyOverride('trainyard', settings, setting, value)
  }
  const checked = checkSettings(settings, 'the command line')
  let config = storedConfig(checked) ?? fileConfig
  for (const [override, value] of choices.filter((choice) => !isSetting(choice)))
    config = applyOverride('the config', config, override, value)
  const swept = choices.filter(([{ values }]) => values.length > 1)
  const text = swept.map(([{ path }, value]) => `${path.join('.')}=${JSON.stringify(value)}`).join(' ')
  return { config, settings: checked, text }
}

/** The config of a run that is gone back to. */
function storedConfig({ logger, useLogger }: Settings): PlainRecord | undefined {
  const path = join(logger.parentLogDir, String(logger.forcedLogId), 'metadata', 'config.yaml')
  if (!useLogger || logger.forcedLogId < 0 || !existsSync(path)) return undefined
  return (readYaml(path) ?? {}) as PlainRecord
}

function checkJobs(jobs: readonly Job[]): void {
  const forced = jobs.map(({ settings }) => settings.logger.forcedLogId).filter((id) => id >= 0)
  const twice = forced.find((id, i) => forced.indexOf(id) !== i)
  if (twice !== undefined) fail(`this is a sweep over ${jobs.length} runs, which cannot all be run ${twice}`)
}

/** A run, and what takes its folder away again if it is not to be kept. */
interface OpenedLogger {
  readonly logger: RunLogger
  readonly remove: () => void
}

async function runJob<Config, Result>(
  config: Config,
  { logger, remove }: OpenedLogger,
  seeding: Seeding,
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
    logger.finish()
    return { result, isInterrupted: logger.info['status'] === 'INTERRUPTED' }
  } catch (error) {
    logger.finish('FAILED', error)
    throw error
  } finally {
    unseed?.()
    remove()
  }
}

async function openLogger(
  settings: Settings,
  config: Record<string, unknown>,
  strategy: Strategy,
): Promise<OpenedLogger> {
  const { useLogger, logger: options } = settings
  const git = checkGit(settings)
  const parentLogDir =
    useLogger || strategy.globalRank ? options.parentLogDir : mkdtempSync(join(tmpdir(), 'trainyard-'))
  const logger = await RunLogger.open(useLogger ? { ...options, config } : { parentLogDir, config }, strategy)
  if (!strategy.globalRank) recordGit(logger, git)
  return {
    logger,
    remove() {
      if (!useLogger && !strategy.globalRank) rmSync(parentLogDir, { recursive: true, force: true })
    },
  }
}
