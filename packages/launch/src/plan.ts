import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type PlainRecord, type PlainValue, readYaml } from '@trainyard/run-folder'
import { applyOverride } from './apply-override.ts'
import { fail } from './errors.ts'
import { type JobMark, launchInJob } from './job.ts'
import { type Override, parseOverride } from './override.ts'
import { checkSettings, defaultSettings, type Settings } from './settings.ts'
import { readOrMakeYaml } from './yaml-file.ts'

/** A run that a launch is to make, or has made before its job was started again. */
export interface PlannedRun {
  /** As it was given: the schema has not seen it. */
  readonly config: PlainRecord
  readonly settings: Settings
  /** What makes it differ from the others of the launch. */
  readonly text: string
  /** Undefined outside of jobs that may be started again. */
  readonly job: JobMark | undefined
  /** How far an earlier start of the job has come with it. */
  readonly before: { readonly directory: string; readonly isOver: boolean } | undefined
}

/** An override with one of its values. */
type Choice = readonly [override: Override, value: PlainValue | undefined]

/**
 * Plans the runs that a command line asks for.
 * @param path The config file; it is made if there is none, as are the settings beside it.
 * @throws if an argument does not fit, or runs that are asked for cannot be.
 */
export function planRuns(path: string, args: readonly string[]): PlannedRun[] {
  const settingsPath = join(dirname(path), 'trainyard.yaml')
  if (basename(path) === 'trainyard.yaml')
    fail('`config` must not be trainyard.yaml, which holds the settings of the tool')
  const overrides = args.map(parseOverride)
  const fileConfig = readOrMakeYaml(path, { seed: null })
  const fileSettings = checkSettings(readOrMakeYaml(settingsPath, defaultSettings), `"${settingsPath}"`)
  const runs = sweep(overrides).map((choices) => ({ choices, settings: settingsOf(choices, fileSettings) }))
  checkForced(runs.map(({ settings }) => settings.logger.forcedLogId))
  const kept = runs.filter(({ settings }) => settings.useLogger)
  const job = launchInJob(
    [resolve(process.argv[1] ?? ''), resolve(path), ...args],
    kept.map(({ settings }) => resolve(settings.logger.parentLogDir)),
  )
  return runs.map(({ choices, settings }, i) => {
    const mark = job && { ...job.mark, run: i + 1 }
    const begun = job?.begun.get(i + 1)
    const isOurs = begun !== undefined && String(begun.run.info['started_at']) >= job!.mark.started_at
    // The arguments were applied when the run began; `+new.key=1` cannot be applied twice.
    const stored = isOurs ? givenConfig(begun.run.directory) : undefined
    return {
      config: stored ?? configOf(choices, settings, fileConfig),
      settings: begun ? goingOn(settings, begun.run.id) : settings,
      text: textOf(choices),
      job: mark,
      before: begun && { directory: begun.run.directory, isOver: begun.isOver },
    }
  })
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

function isSetting([{ path }]: Choice): boolean {
  return path[0] === 'trainyard'
}

function settingsOf(choices: readonly Choice[], fileSettings: Settings): Settings {
  let settings = fileSettings as unknown as PlainRecord
  for (const [override, value] of choices.filter(isSetting)) {
    const setting = { ...override, kind: 'set' as const, path: override.path.slice(1) }
    if (override.kind === 'drop' || setting.path.length === 0)
      fail(`"${override.text}": a setting is set, as in +trainyard.logger.forcedLogId=1`)
    settings = applyOverride('trainyard', settings, setting, value)
  }
  return checkSettings(settings, 'the command line')
}

function checkForced(ids: readonly number[]): void {
  const twice = ids.find((id, i) => id >= 0 && ids.indexOf(id) !== i)
  if (twice !== undefined) fail(`this is a sweep over ${ids.length} runs, which cannot all be run ${twice}`)
}

/** Gives the config of the file, or of the run that is gone back to, as overrides change it. */
function configOf(
  choices: readonly Choice[],
  { logger, useLogger }: Settings,
  fileConfig: PlainRecord,
): PlainRecord {
  const isForced = useLogger && logger.forcedLogId >= 0
  const stored = isForced ? givenConfig(join(logger.parentLogDir, String(logger.forcedLogId))) : undefined
  return choices
    .filter((choice) => !isSetting(choice))
    .reduce(
      (config, [override, value]) => applyOverride('the config', config, override, value),
      stored ?? fileConfig,
    )
}

/** Gives the config that a run was given, before a schema changed it: the schema will do that again. Undefined if there is no such run. */
function givenConfig(directory: string): PlainRecord | undefined {
  const read = (name: string): PlainRecord | null =>
    readYaml(join(directory, 'metadata', name)) as PlainRecord | null
  if (!existsSync(join(directory, 'metadata', 'config.yaml'))) return undefined
  return (read('info.yaml')?.['given_config'] as PlainRecord | undefined) ?? read('config.yaml') ?? {}
}

/** Makes the settings that go on with a run. The process that wrote it was one of this job, and is gone, even if its host could not say so. */
function goingOn(settings: Settings, id: string): Settings {
  return { ...settings, logger: { ...settings.logger, forcedLogId: Number(id), takeOver: true } }
}

function textOf(choices: readonly Choice[]): string {
  const swept = choices.filter(([{ values }]) => values.length > 1)
  return swept.map(([{ path }, value]) => `${path.join('.')}=${JSON.stringify(value)}`).join(' ')
}
