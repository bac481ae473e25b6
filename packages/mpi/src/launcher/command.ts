import { type Ask, ask, type Launcher } from './launchers.ts'
import type { JobOptions } from './job-options.ts'

/** A command line and what it needs in its environment. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What tells the job to save and end. Open MPI kills ranks a second after a SIGTERM, but passes this one on, and the ranks take it for a SIGTERM. */
  readonly stopSignal: 'SIGTERM' | 'SIGUSR2'
}

/** Makes the command that starts a job. Cores are left to the system: Open MPI binds each rank to one core, and two ranks of two jobs to the same. */
export function commandOf(
  launcher: Launcher,
  { ranks, hostfile, oversubscribe, allowRunAsRoot, program }: JobOptions,
  restarts: number,
  asked: Ask = ask,
): Command {
  const [first = '', ...rest] = program
  const run = /\.[cm]?js$/.test(first) ? [process.execPath, first, ...rest] : [first, ...rest]
  const count = ranks === undefined ? [] : ['-n', String(ranks)]
  const env = { TRAINYARD_RESTARTS: String(restarts) }
  const { command } = launcher
  if (launcher.kind === 'Slurm') {
    const hosts = hostfile === undefined ? [] : [`--nodefile=${hostfile}`]
    const plugins = asked(command, ['--mpi=list']) ?? ''
    const connection = plugins.includes('pmix')
      ? ['--mpi=pmix']
      : plugins.includes('pmi2')
        ? ['--mpi=pmi2']
        : []
    return {
      command,
      args: [...count, ...hosts, ...connection, '--cpu-bind=none', '--kill-on-bad-exit=1', ...run],
      env,
      stopSignal: 'SIGTERM',
    }
  }
  if (launcher.kind === 'MPICH') {
    const hosts = hostfile === undefined ? [] : ['-f', hostfile]
    return { command, args: [...count, ...hosts, '-bind-to', 'none', ...run], env, stopSignal: 'SIGTERM' }
  }
  return {
    command,
    args: [
      ...count,
      ...(hostfile === undefined ? [] : ['--hostfile', hostfile]),
      '--bind-to',
      'none',
      ...(oversubscribe ? ['--oversubscribe'] : []),
      ...(allowRunAsRoot ? ['--allow-run-as-root'] : []),
      // Other hosts do not get the environment by themselves.
      '-x',
      'TRAINYARD_RESTARTS',
      ...run,
    ],
    env,
    stopSignal: 'SIGUSR2',
  }
}

/** Writes a command as one would type it. */
export function commandText({ command, args, env }: Command): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return [...variables, ...[command, ...args].map(quoted)].join(' ')
}

/** Writes a word so that a shell takes it for one. */
export function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
