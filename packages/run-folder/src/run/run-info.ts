import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { type PlainRecord, sameTree } from '../plain-tree.ts'
import { redactArguments } from './redact.ts'

/** In characters. */
const longestError = 20_000

export type RunStatus = 'STARTING' | 'RUNNING' | 'COMPLETE' | 'FAILED' | 'INTERRUPTED'

/**
 * Makes what `info.yaml` says of a run: its keys at the top are those of MLXPy, with `logger` and `hostname` where MLXP, as it is called today, looks
 * for them.
 */
export function newInfo(directory: string, logId: number | string, runId: string, now: Date): PlainRecord {
  return {
    executable: process.execPath,
    cmd: '',
    end_date: '',
    end_time: '',
    current_file_path: process.argv[1] ?? '',
    log_dir: directory,
    log_id: logId,
    process_id: process.pid,
    start_date: dateText(now),
    start_time: timeText(now),
    status: 'STARTING' satisfies RunStatus,
    user: userName(),
    work_dir: process.cwd(),
    hostname: hostname(),
    // As in `node --import tsx train.ts`.
    executable_arguments: redactArguments(process.execArgv),
    arguments: redactArguments(process.argv.slice(2)),
    run_id: runId,
    started_at: now.toISOString(),
    logger: {
      log_id: logId,
      log_dir: directory,
      metadata_dir: join(directory, 'metadata'),
      metrics_dir: join(directory, 'metrics'),
      artifacts_dir: join(directory, 'artifacts'),
    },
  }
}

interface Resume {
  /** What the process was given. */
  readonly config: PlainRecord
  /** The run's first one. */
  readonly first: PlainRecord
  readonly runId: string
}

/** Makes the info of a run that a process goes on with: what it has said of its start stays. */
export function resumedInfo(before: PlainRecord, { config, first, runId }: Resume, now: Date): PlainRecord {
  const { error: _, ended_at: __, ...kept } = before
  const resumes = Array.isArray(before['resumes']) ? before['resumes'] : []
  const isOther = Object.keys(config).length > 0 && !sameTree(config, first)
  const resume = {
    date: dateText(now),
    time: timeText(now),
    started_at: now.toISOString(),
    process_id: process.pid,
    hostname: hostname(),
    arguments: redactArguments(process.argv.slice(2)),
    ...(isOther && { config }),
  }
  return {
    ...kept,
    end_date: '',
    end_time: '',
    process_id: process.pid,
    hostname: hostname(),
    run_id: runId,
    resumes: [...resumes, resume],
  }
}

/** Makes what changes in `info.yaml` when a run ends. */
export function endInfo(status: RunStatus, error: unknown, now: Date): PlainRecord {
  return {
    status,
    end_date: dateText(now),
    end_time: timeText(now),
    ended_at: now.toISOString(),
    // What a program throws may be as long as it likes; `info.yaml` may not.
    ...(error !== undefined && { error: errorText(error).slice(0, longestError) }),
  }
}

/** Gives what there is to know of an error. */
export function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

const two = (number: number): string => String(number).padStart(2, '0')

/** As in `20/04/2023`. */
function dateText(date: Date): string {
  return `${two(date.getDate())}/${two(date.getMonth() + 1)}/${date.getFullYear()}`
}

/** As in `16:01:13`. */
function timeText(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
}

/** As in `2023-04-20_16-01-13`. */
export function versionText(date: Date): string {
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day}_${timeText(date).replaceAll(':', '-')}`
}

function userName(): string {
  try {
    return process.env['USER'] ?? userInfo().username
  } catch {
    // A container may run as a user that has no name.
    return ''
  }
}
