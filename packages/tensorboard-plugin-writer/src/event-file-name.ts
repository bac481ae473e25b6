import { hostname } from 'node:os'
import type { FileSystem } from './writer-host.ts'

/** Tells whether TensorBoard would take a file for an event file. */
export function isEventFile(name: string): boolean {
  return name.includes('tfevents') && !name.endsWith('.profile-empty')
}

/** Gives the names of the event files in a directory, in the order in which TensorBoard reads them; none if it does not exist. */
export function eventFilesIn(fs: FileSystem, directory: string): string[] {
  try {
    return fs.readdirSync(directory).filter(isEventFile).toSorted()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/**
 * Makes the name of a new event file, `events.out.tfevents.<seconds>.<host>.<process>.<run><suffix>`. It sorts behind those that are there already, or
 * TensorBoard would read the new file first, and then drop what is in it: the seconds are moved on for that, if the clock went back or stands still.
 * @param existing Names of event files, sorted.
 */
export function newFileName(existing: readonly string[], ms: number, run: string, suffix: string): string {
  const last = existing.at(-1) ?? ''
  const lastSeconds = Number(/^events\.out\.tfevents\.(\d+)\./.exec(last)?.[1] ?? Number.NaN)
  const nameAt = (seconds: number): string =>
    `events.out.tfevents.${String(seconds).padStart(10, '0')}.${hostname()}.${process.pid}.${run}${suffix}`
  const name = nameAt(Math.floor(ms / 1000))
  return name > last || Number.isNaN(lastSeconds) ? name : nameAt(lastSeconds + 1)
}

/** Tells whether a file's name says that it belongs to a run. */
export function isOfRun(name: string, run: string): boolean {
  return isEventFile(name) && name.split('.').includes(run)
}
