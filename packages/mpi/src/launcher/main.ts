import { randomUUID } from 'node:crypto'
import { fail } from '../errors.ts'
import { commandOf } from './command.ts'
import { doctor, probe } from './doctor.ts'
import { findLauncher } from './launchers.ts'
import { runJob } from './job.ts'
import { readJobOptions, usage } from './job-options.ts'
import { refuseRoot } from './root.ts'
import { submit } from './submit.ts'

/** The command `trainyard-mpi`: starts a program on several ranks (see `usage`), and sets the exit code. `argv` is that of the process. */
export async function main([, script = '', ...args]: readonly string[]): Promise<void> {
  try {
    process.exitCode = await run(script, args)
  } catch (error) {
    say((error as Error).message)
    process.exitCode = 1
  }
}

async function run(script: string, args: readonly string[]): Promise<number> {
  const [first, ...rest] = args
  const isAbout = first === 'doctor' || first === 'submit'
  if (first === undefined || isHelp(first) || (isAbout && isHelp(rest[0]))) {
    console.log(usage)
    return first === undefined ? 1 : 0
  }
  if (first === 'probe') return probe()
  if (first === 'doctor') return doctor(readJobOptions(rest), script)
  if (first === 'submit') {
    submit(readJobOptions(rest), [process.execPath, script], say)
    return 0
  }
  const options = readJobOptions(args)
  if (options.sbatch.length > 0) fail('--sbatch is an option of `trainyard-mpi submit`')
  if (options.program.length === 0) fail('name the program to start; see trainyard-mpi --help')
  const launcher = findLauncher(options.launcher)
  refuseRoot(launcher, options)
  const describe = jobIn(process.env, options.maxRestarts)
  return runJob((restarts) => commandOf(launcher, options, describe(restarts)), options.maxRestarts, say)
}

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h'
}

/**
 * Makes what a program is told of its job: how often it was started again, and, if that may happen, a name, so that it can find what belongs to it. Whoever starts this
 * command may have given both already; Slurm has given its jobs a number.
 */
function jobIn(
  { SLURM_JOB_ID: slurmJob, TRAINYARD_JOB: given, TRAINYARD_RESTARTS: before }: NodeJS.ProcessEnv,
  maxRestarts: number,
): (restarts: number) => Record<string, string> {
  const isNameless = maxRestarts > 0 && slurmJob === undefined
  const name = given || (isNameless ? randomUUID().slice(0, 8) : undefined)
  return (restarts) => ({
    TRAINYARD_RESTARTS: String((Number(before) || 0) + restarts),
    ...(name !== undefined && { TRAINYARD_JOB: name }),
  })
}

function say(line: string): void {
  console.error(`[trainyard-mpi] ${line.replace(/^\[mpi\] /, '')}`)
}
