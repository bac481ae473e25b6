import { hostname } from 'node:os'
import { timeOf } from '../query/condition.ts'
import { readLastClaim } from '../run/claim.ts'
import { isAlive, isRunning } from '../run/liveness.ts'

type Info = Readonly<Record<string, unknown>>

/** Tells whether a process writes a run; null if there is no telling. */
export function isRunAlive(directory: string, info: Info): boolean | null {
  const claim = readLastClaim(directory)
  if (claim) return isAlive(claim)
  if (info['status'] !== 'RUNNING' && info['status'] !== 'STARTING') return false
  // Written by another tool, without a heartbeat: only a process of this machine can be asked.
  if (info['hostname'] !== hostname()) return null
  return isRunning(Number(info['process_id']), null)
}

/** Gives what can be reckoned from the times of a run: `duration` and `age` in seconds, `started_at` and `ended_at` where only date and time are kept. */
export function runTime(info: Info, directory: string, name: string): number | string | undefined {
  const start = timeOf(info['started_at']) ?? localTime(info['start_date'], info['start_time'])
  if (start === undefined) return undefined
  if (name === 'age') return (Date.now() - start) / 1000
  if (name === 'started_at') return new Date(start).toISOString()
  const end = timeOf(info['ended_at']) ?? localTime(info['end_date'], info['end_time'])
  if (name === 'ended_at') return end === undefined ? undefined : new Date(end).toISOString()
  if (name !== 'duration') return undefined
  // One that died was last alive at its last heartbeat.
  const until =
    end ?? (isRunAlive(directory, info) ? Date.now() : timeOf(readLastClaim(directory)?.heartbeat))
  return until === undefined ? undefined : (until - start) / 1000
}

/** Reads `20/04/2023` and `16:01:13`, in the time zone of this machine. */
function localTime(date: unknown, time: unknown): number | undefined {
  const day = timeOf(date)
  const [, hours, minutes, seconds] = /^(\d+):(\d+):(\d+)$/.exec(String(time)) ?? []
  return day === undefined || !hours
    ? day
    : day + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
}
