import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import type { PlainRecord } from '../plain-tree.ts'
import { redactArguments } from './redact.ts'

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

/** Makes the entry of `resumes` for a process that goes on with a run; `config` is what it was given, if that is not the run's first. */
export function resumeInfo(config: PlainRecord | undefined, now: Date): PlainRecord {
  return {
    date: dateText(now),
    time: timeText(now),
    started_at: now.toISOString(),
    process_id: process.pid,
    hostname: hostname(),
    arguments: redactArguments(process.argv.slice(2)),
    ...(config && { config }),
  }
}

/** Makes what changes in `info.yaml` when a run ends. */
export function endInfo(status: RunStatus, error: unknown, now: Date): PlainRecord {
  return {
    status,
    end_date: dateText(now),
    end_time: timeText(now),
    ended_at: now.toISOString(),
    ...(error !== undefined && { error: errorText(error) }),
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
