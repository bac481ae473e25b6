import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { check, codeOf, fail } from '../errors.ts'
import { mlxpySettings } from './mlxpy-settings.ts'
import { Run, type RunOptions } from './run.ts'

export interface RunLoggerOptions extends RunOptions {
  /** The folder of the numbered folders. Default: `./logs`. */
  readonly parentLogDir?: string | undefined
  /** Goes back to the run of this number. Default: -1, a new run. */
  readonly forcedLogId?: number | undefined
  /** Starts a run of that number if there is none. Default: false, for a typo must not start a new run. */
  readonly createIfMissing?: boolean | undefined
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

  /** @throws if there is no run of the forced number, or if another process is writing it. */
  constructor(options: RunLoggerOptions = {}) {
    const {
      parentLogDir = './logs',
      forcedLogId = -1,
      createIfMissing = false,
      logStreamsToFile = false,
    } = options
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
    const parent = resolve(parentLogDir)
    const logId = forcedLogId === -1 ? makeNumberedFolder(parent) : forcedLogId
    const directory = join(parent, String(logId))
    if (forcedLogId !== -1 && !createIfMissing && !existsSync(directory)) {
      const ids = numbersIn(parent).toSorted((a, b) => a - b)
      const there = ids.length > 0 ? `there are ${ids.length}, up to ${ids.at(-1)}` : 'there are none'
      fail(
        `there is no run ${forcedLogId} in "${parent}" (${there}); correct \`forcedLogId\`, or set \`createIfMissing: true\``,
      )
    }
    super(directory, {
      ...options,
      logId,
      settings: mlxpySettings({ parentLogDir, forcedLogId, logStreamsToFile }),
    })
    this.logId = logId
  }
}

/** Makes the folder of the next number: the system lets only one process make each. */
function makeNumberedFolder(parent: string): number {
  mkdirSync(parent, { recursive: true })
  for (let id = Math.max(0, ...numbersIn(parent)) + 1; ; id++)
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
