import type { ChildProcess } from 'node:child_process'
import { ask, type Ask, type LauncherKind } from './launchers.ts'

/** Tells the ranks of a running launcher to save and end; gives false if nobody could be told. */
export type Stop = (launcher: Pick<ChildProcess, 'pid' | 'kill'>) => boolean

/** Gives the way to stop a job: launchers do different things with a signal. */
export function stopOf(kind: LauncherKind, asked: Ask = ask): Stop {
  switch (kind) {
    case 'MPICH':
      return (launcher) => launcher.kill('SIGTERM')
    case 'Open MPI':
      // It kills ranks a second after a SIGTERM, but passes this one on, and the ranks take it for a SIGTERM.
      return (launcher) => launcher.kill('SIGUSR2')
    case 'Slurm':
      return (launcher) => stopStep(launcher, asked)
  }
}

/** Signals the ranks by Slurm: `srun` kills them if it gets a SIGTERM itself. */
function stopStep(launcher: Parameters<Stop>[0], asked: Ask): boolean {
  const steps = (asked('scontrol', ['show', 'step', '--oneliner']) ?? '').split('\n')
  const step = steps.find((line) => line.trimEnd().endsWith(`:${launcher.pid}`))
  const [, id, job] = /^StepId=((\d+)\S*)/.exec(step ?? '') ?? []
  // It has not come so far as to start ranks.
  if (id === undefined || job === undefined) return launcher.kill('SIGTERM')
  // A job that `scancel` ends has told its ranks, as it has told this process; twice is an order to end at once.
  const isRunning = /JobState=RUNNING/.test(asked('scontrol', ['show', 'job', job]) ?? '')
  return !isRunning || asked('scancel', ['--signal=TERM', id]) !== undefined
}
