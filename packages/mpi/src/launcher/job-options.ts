import { fail } from '../errors.ts'

/** What a job is asked for. */
export interface JobOptions {
  /** How many ranks; undefined where a host file or Slurm says it. */
  readonly ranks: number | undefined
  readonly hostfile: string | undefined
  /** How often the job is started again after it has failed. */
  readonly maxRestarts: number
  /** The program that starts the ranks: `mpirun` of some library, or `srun`. */
  readonly launcher: string | undefined
  /** Starts more ranks than there are cores, which Open MPI and Slurm else refuse. */
  readonly oversubscribe: boolean
  /** Lets Open MPI run as root, which it else refuses. */
  readonly allowRunAsRoot: boolean
  /** Options of `sbatch`, for `submit`. */
  readonly sbatch: readonly string[]
  /** The program of the ranks and its arguments. */
  readonly program: readonly string[]
}

export const usage = `Starts a program on several ranks, which MPI connects.

  trainyard-mpi [options] <program.mjs> [arguments of the program]
  trainyard-mpi submit [options] <program.mjs> …    makes a job of Slurm of it, with a script that \`sbatch\` gets
  trainyard-mpi doctor [options]      says which MPI there is, whether it works, and how fast

  -n <number>            ranks
  --hostfile <file>      a line for each host: \`node1 slots=4\` for Open MPI, \`node1:4\` for MPICH
  --max-restarts <n>     starts the job again, up to n times, after it has failed; the program resumes by itself. Default: 0
  --launcher <program>   for example mpirun.mpich or srun. Default: srun in a Slurm job, else mpirun or mpiexec
  --oversubscribe        more ranks than cores
  --allow-run-as-root    lets Open MPI start the job as root, as in a container; else it refuses
  --sbatch <option>      for \`submit\`, as often as needed: --sbatch --time=8:00:00 --sbatch --nodes=2

A .js, .mjs or .cjs file is run with this Node; anything else as it is.`

/** Reads a command line. @throws if it is not as \`usage\` says. */
export function readJobOptions(args: readonly string[]): JobOptions {
  const options: {
    -readonly [K in keyof JobOptions]: JobOptions[K]
  } = {
    ranks: undefined,
    hostfile: undefined,
    maxRestarts: 0,
    launcher: undefined,
    oversubscribe: false,
    allowRunAsRoot: false,
    sbatch: [],
    program: [],
  }
  const rest = [...args]
  const valueOf = (option: string, inline: string | undefined): string =>
    inline ?? rest.shift() ?? fail(`${option} needs a value; see trainyard-mpi --help`)
  while (rest[0]?.startsWith('-')) {
    const [option, inline] = rest.shift()!.split(/=(.*)/s) as [string, string | undefined]
    if (option === '-n' || option === '-np') options.ranks = count(option, valueOf(option, inline), 1)
    else if (option === '--hostfile') options.hostfile = valueOf(option, inline)
    else if (option === '--max-restarts') options.maxRestarts = count(option, valueOf(option, inline), 0)
    else if (option === '--launcher') options.launcher = valueOf(option, inline)
    else if (option === '--oversubscribe') options.oversubscribe = true
    else if (option === '--allow-run-as-root') options.allowRunAsRoot = true
    else if (option === '--sbatch') options.sbatch = [...options.sbatch, valueOf(option, inline)]
    else if (option === '--') break
    else fail(`there is no option ${option}; see trainyard-mpi --help`)
  }
  return { ...options, program: rest }
}

function count(option: string, text: string, least: number): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < least)
    fail(`${option} must be a whole number of at least ${least}, not ${text}`)
  return value
}
