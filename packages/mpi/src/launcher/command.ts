import { type Ask, ask, type Launcher } from './launchers.ts'
import type { JobOptions } from './job-options.ts'
import { type Stop, stopOf } from './stop.ts'

/** A command line and what it needs in its environment. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** How the job is told to save and end. */
  readonly stop: Stop
}

/**
 * Makes the command that starts a job. Cores are left to the system: Open MPI binds each rank to one core, and two ranks of two jobs to the same.
 * @param env Variables that all ranks are to have.
 */
export function commandOf(
  launcher: Launcher,
  options: JobOptions,
  env: Readonly<Record<string, string>>,
  asked: Ask = ask,
): Command {
  const { command, kind } = launcher
  const [first = '', ...rest] = options.program
  const program = /\.[cm]?js$/.test(first) ? [process.execPath, first, ...rest] : [first, ...rest]
  const count = options.ranks === undefined ? [] : ['-n', String(options.ranks)]
  const own = {
    'Open MPI': () => openMpiArguments(options, env),
    MPICH: () => mpichArguments(options),
    Slurm: () => slurmArguments(options, pmiOf(command, asked)),
  }[kind]()
  return {
    command,
    args: [...count, ...own, ...program],
    env,
    stop: stopOf(kind, asked),
  }
}

function openMpiArguments(
  { hostfile, oversubscribe, allowRunAsRoot }: JobOptions,
  env: Readonly<Record<string, string>>,
): string[] {
  return [
    ...(hostfile === undefined ? [] : ['--hostfile', hostfile]),
    '--bind-to',
    'none',
    ...(oversubscribe ? ['--oversubscribe'] : []),
    ...(allowRunAsRoot ? ['--allow-run-as-root'] : []),
    // Other hosts do not get the environment by themselves.
    ...Object.keys(env).flatMap((name) => ['-x', name]),
  ]
}

/** It starts any number of ranks, as anybody. */
function mpichArguments({ hostfile }: JobOptions): string[] {
  return [...(hostfile === undefined ? [] : ['-f', hostfile]), '-bind-to', 'none']
}

/** Tells how Slurm is to connect the ranks; undefined where the environment says it, as it has to for MPICH where there is `pmix`, too. */
function pmiOf(command: string, asked: Ask): string | undefined {
  if (process.env['SLURM_MPI_TYPE'] !== undefined) return undefined
  const plugins = asked(command, ['--mpi=list']) ?? ''
  return ['pmix', 'pmi2'].find((name) => plugins.includes(name))
}

function slurmArguments({ hostfile, oversubscribe }: JobOptions, plugin: string | undefined): string[] {
  return [
    ...(hostfile === undefined ? [] : [`--nodefile=${hostfile}`]),
    ...(plugin === undefined ? [] : [`--mpi=${plugin}`]),
    '--cpu-bind=none',
    '--kill-on-bad-exit=1',
    ...(oversubscribe ? ['--overcommit'] : []),
  ]
}

/** Writes a command as one would type it. */
export function commandText({ command, args, env }: Command): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`)
  return [...variables, ...[command, ...args].map(quoted)].join(' ')
}

/** Writes a word so that a shell takes it for one. */
export function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
