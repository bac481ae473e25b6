import { fail } from '../errors.ts'
import type { Run } from './run.ts'

// Runs that this process is writing. Whatever ends the process, short of a SIGKILL, they are told.
const open = new Map<string, Run>()

let lastError: unknown

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * Gives the run that this process writes in a directory.
 * @param who The callback that asks for it.
 * @throws if there is none.
 */
export function openRunIn(directory: string | undefined, who: string): Run {
  return (
    open.get(directory ?? '') ??
    fail(
      `${who} finds no run; before training, call \`setup(trainer)\` of a RunLogger or ExperimentLogger that has not finished`,
    )
  )
}

export function addOpenRun(run: Run): void {
  if (open.size === 0) {
    process.on('exit', onExit)
    process.on('uncaughtExceptionMonitor', onError)
    for (const signal of Object.keys(signals)) process.on(signal, onSignal)
  }
  open.set(run.logDir, run)
}

export function removeOpenRun(run: Run): void {
  // One that was taken over within the process has another one in its place.
  if (open.get(run.logDir) !== run) return
  open.delete(run.logDir)
  if (open.size > 0) return
  process.off('exit', onExit)
  process.off('uncaughtExceptionMonitor', onError)
  for (const signal of Object.keys(signals)) process.off(signal, onSignal)
}

/** Tells whether the process has been asked to end by a signal: a trainer that obeys sets the exit code. */
export function isInterrupted(code: unknown = process.exitCode): boolean {
  return Object.values<unknown>(signals).includes(Number(code))
}

/** A copy, for a run that finishes is taken out. */
function openRuns(): Run[] {
  return Array.from(open.values())
}

function onExit(code: number): void {
  for (const run of openRuns())
    if (code === 0 || isInterrupted(code)) run.finish()
    else run.finish('FAILED', lastError ?? `the process ended with exit code ${code}`)
}

function onError(error: unknown): void {
  lastError = error
}

/** Whoever else listens decides what becomes of the process, a trainer for example; without anybody it ends, as it would have without us. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  for (const run of openRuns()) run.finish('INTERRUPTED')
  process.kill(process.pid, signal)
}
