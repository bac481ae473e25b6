import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Strategy } from '@trainyard/core'
import { check, codeOf, fail } from '../errors.ts'
import { fromRankZero } from './from-rank-zero.ts'
import { mlxpySettings } from './mlxpy-settings.ts'
import { type OpenedRun, Run } from './run.ts'
import { checkRunOptions, type RunOptions } from './run-options.ts'

export interface RunLoggerOptions extends RunOptions {
  /** The folder of the numbered folders. Default: `./logs`. */
  readonly parentLogDir?: string | undefined
  /** Goes back to the run of this number. Default: -1, a new run. */
  readonly forcedLogId?: number | undefined
  /** Starts a run of that number if there is none. Default: false, for a typo must not start a new run. */
  readonly createIfMissing?: boolean | undefined
  /** Writes what is printed to `log.stdout` and `log.stderr`, too. Default: false. */
  readonly logStreamsToFile?: boolean | undefined
}

/**
 * A run in a numbered folder, `<parentLogDir>/<logId>`. The numbers count from 1, and processes that start at once get different ones.
 *
 * ```ts
 * const run = new RunLogger({ config: { lr: 0.1 } })
 * run.logMetrics({ loss: 0.5, epoch: 0 }, 'train')
 * await run.logCheckpoint({ weights, epoch: 0 })
 * run.finish()
 * ```
 */
export class RunLogger extends Run {
  readonly logId: number

  /**
   * Opens one run for all ranks of a training, each of which has to call this: rank zero writes it; on the others logging does nothing, and
   * `loadCheckpoint` gives the same.
   * @throws on rank zero, what the constructor throws; the strategy then ends the others.
   */
  static async open(options: RunLoggerOptions, strategy: Strategy): Promise<RunLogger> {
    if (strategy.worldSize === 1) return new RunLogger(options)
    let run: RunLogger | undefined
    const opened = await fromRankZero<OpenedRun>(strategy, () => {
      run = new RunLogger(options)
      const { logDir, isResumed, config, info } = run
      return { logDir, isResumed, config, info }
    })
    return run ?? new RunLogger(options, opened, strategy.globalRank!)
  }

  /**
   * Opens a run in a process that is alone; `open` does so on several ranks.
   * @param opened From `open`: what rank zero has opened.
   * @param rank From `open`: that of this process.
   * @throws if an option is wrong, there is no run of the forced number, or another process is writing it.
   */
  constructor(options: RunLoggerOptions = {}, opened?: OpenedRun, rank = 0) {
    const { parentLogDir = './logs', forcedLogId = -1, logStreamsToFile = false } = options
    const directory = opened?.logDir ?? chooseFolder(options)
    const logId = Number(basename(directory))
    super(directory, {
      ...options,
      logId,
      settings: mlxpySettings({ parentLogDir, forcedLogId, logStreamsToFile }),
      opened,
    })
    this.logId = logId
    if (logStreamsToFile)
      for (const name of ['stdout', 'stderr'] as const)
        this.tee([name], join(this.logDir, rank === 0 ? `log.${name}` : `log_globalrank-${rank}.${name}`))
  }
}

/** Finds or makes the run's folder, when the options are known to be right. */
function chooseFolder(options: RunLoggerOptions): string {
  const { parentLogDir = './logs', forcedLogId = -1, createIfMissing = false } = options
  check(
    typeof parentLogDir === 'string' && parentLogDir,
    'parentLogDir',
    'the path of a folder',
    parentLogDir,
  )
  check(
    Number.isSafeInteger(forcedLogId) && forcedLogId >= -1,
    'forcedLogId',
    "a run's number, or -1 for a new run",
    forcedLogId,
  )
  checkRunOptions(options)
  const parent = resolve(parentLogDir)
  if (forcedLogId === -1) return join(parent, String(makeNumberedFolder(parent)))
  const directory = join(parent, String(forcedLogId))
  if (!createIfMissing && !existsSync(directory)) {
    const ids = numbersIn(parent).toSorted((a, b) => a - b)
    const there = ids.length > 0 ? `there are ${ids.length}, up to ${ids.at(-1)}` : 'there are none'
    fail(
      `there is no run ${forcedLogId} in "${parent}" (${there}); correct \`forcedLogId\`, or set \`createIfMissing: true\``,
    )
  }
  return directory
}

/** Makes the folder of the next number: the system lets only one process make each. */
function makeNumberedFolder(parent: string): number {
  mkdirSync(parent, { recursive: true })
  const last = numbersIn(parent).reduce((a, b) => Math.max(a, b), 0)
  for (let id = last + 1; ; id++)
    try {
      mkdirSync(join(parent, String(id)))
      return id
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
}

function numbersIn(parent: string): number[] {
  if (!existsSync(parent)) return []
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => /^\d{1,15}$/.test(entry.name) && !entry.isFile())
    .map(({ name }) => Number(name))
}
