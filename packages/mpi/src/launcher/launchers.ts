import { spawnSync } from 'node:child_process'
import { fail } from '../errors.ts'

/** Who starts ranks: each has options of its own. */
export type LauncherKind = 'Open MPI' | 'MPICH' | 'Slurm'

export interface Launcher {
  readonly kind: LauncherKind
  readonly command: string
  /** The first line of what it says of itself. */
  readonly version: string
}

/** Gives what a program prints, or undefined if it cannot be run. */
export type Ask = (command: string, args: readonly string[]) => string | undefined

export const ask: Ask = (command, args) => {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 })
  return error ? undefined : stdout + stderr
}

/**
 * Finds the program that starts ranks: the one that is named, in a job of Slurm `srun`, else `mpirun` or `mpiexec`.
 * @throws if there is none.
 */
export function findLauncher(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
  asked: Ask = ask,
): Launcher {
  const isInSlurm = env['SLURM_JOB_ID'] !== undefined
  const tried = named === undefined ? [...(isInSlurm ? ['srun'] : []), 'mpirun', 'mpiexec'] : [named]
  for (const command of tried) {
    const text = asked(command, ['--version'])
    if (text === undefined) continue
    const [version = ''] = text.trim().split('\n')
    const kind = kindOf(text)
    if (kind !== undefined) return { kind, command, version: kind === 'MPICH' ? hydraVersion(text) : version }
    if (named !== undefined)
      fail(`"${named}" is neither of Open MPI, of MPICH nor of Slurm; it says: ${version}`)
  }
  return fail(
    named === undefined
      ? `neither ${tried.join(' nor ')} is there; install Open MPI or MPICH (\`apt-get install openmpi-bin\`), or name it: --launcher <program>`
      : `there is no program "${named}"; correct --launcher`,
  )
}

function kindOf(version: string): LauncherKind | undefined {
  if (/Open ?MPI|OpenRTE|PRRTE|prte/i.test(version)) return 'Open MPI'
  if (/hydra|mpich|Intel\(R\) MPI|mvapich/i.test(version)) return 'MPICH'
  return /^slurm/i.test(version) ? 'Slurm' : undefined
}

function hydraVersion(text: string): string {
  const number = /Version:\s*(\S+)/.exec(text)?.[1]
  return number === undefined ? text.trim().split('\n')[0]! : `hydra ${number}`
}
