import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { codeOf } from '../errors.ts'
import type { ClaimRecord } from './claim.ts'

/** How old a heartbeat may be, in milliseconds: six times as old as it should become. */
const longestSilence = 60_000

/**
 * Tells whether the process of a claim lives. Where its number means something, on the same machine and in the same container, the system is asked; its
 * heartbeat tells elsewhere.
 */
export function isAlive(record: ClaimRecord, now: number = Date.now()): boolean {
  const isHere = record.hostname === hostname() && record.pid_namespace === pidNamespace()
  return isHere ? isRunning(record.process_id, record.process_start) : isRecent(record, now)
}

function isRecent({ heartbeat }: ClaimRecord, now: number): boolean {
  return now - Date.parse(heartbeat) < longestSilence
}

/** Tells whether a process of this machine runs. Another one may have its number by now, which started later. */
export function isRunning(pid: number, start: string | null): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, but somebody else's.
    if (codeOf(error) !== 'EPERM') return false
  }
  const found = processStart(pid)
  return found !== 'zombie' && (start === null || found === null || start === found)
}

/** Gives when a process started, in a unit of the system's own, or `zombie`; null where the system does not tell. */
export function processStart(pid: number): string | null {
  try {
    // The second field is the program's name in brackets, which may have anything in it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? null)
  } catch {
    return null
  }
}

/** Names the space in which the numbers of processes count; containers have their own. */
export function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return null
  }
}
