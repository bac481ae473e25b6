import { fail } from '../errors.ts'
import type { JobOptions } from './job-options.ts'
import type { Launcher } from './launchers.ts'

/** The person who starts a job, as far as it matters to a launcher. */
export interface Starter {
  /** Of the user; undefined on Windows. */
  readonly uid: number | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Says in short what Open MPI says at length: it starts nothing as root, unless it is told to. That stays the decision of whoever starts the job; we only name
 * the ways to tell it.
 * @throws if the launcher is going to refuse.
 */
export function refuseRoot(
  launcher: Launcher,
  { allowRunAsRoot }: JobOptions,
  { uid, env }: Starter = { uid: process.geteuid?.(), env: process.env },
): void {
  if (launcher.kind !== 'Open MPI' || uid !== 0 || allowRunAsRoot) return
  // PRRTE starts the ranks of Open MPI 5.
  const isAllowed = ['OMPI', 'PRTE'].some((prefix) =>
    ['', '_CONFIRM'].every((suffix) => env[`${prefix}_ALLOW_RUN_AS_ROOT${suffix}`] === '1'),
  )
  if (isAllowed) return
  fail(
    'you are root, as whom Open MPI starts nothing: a mistake of the program could harm the system. In a container add --allow-run-as-root, or set ' +
      'OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 in its image; elsewhere start the job as another user',
  )
}
