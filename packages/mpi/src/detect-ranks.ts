import { fail } from './errors.ts'

/** Which process of how many this is, as far as the environment tells. */
export interface Ranks {
  /** Who started the processes. */
  readonly launcher: string
  readonly globalRank: number
  /** Undefined where only MPI knows. */
  readonly worldSize: number | undefined
  /** Among the processes of this host; undefined where only MPI knows. */
  readonly localRank: number | undefined
  readonly localSize: number | undefined
  /** The number of this host, where the launcher counts them. */
  readonly node: number | undefined
}

/** The variables of a launcher. Without `size` it does not tell how many there are; with one, both have to be there. */
interface Variables {
  readonly launcher: string
  readonly rank: string
  readonly size?: string
  readonly localRank?: string
  readonly localSize?: string
  readonly node?: string
}

/**
 * In this order: an `mpirun` inside of a Slurm allocation sees Slurm's variables as well, those of the one process that has started it. For the same reason Slurm
 * counts only with the size of a step, which the body of a batch script has not.
 */
const launchers: readonly Variables[] = [
  family(
    'Open MPI',
    'OMPI_COMM_WORLD_RANK',
    'OMPI_COMM_WORLD_SIZE',
    'OMPI_COMM_WORLD_LOCAL_RANK',
    'OMPI_COMM_WORLD_LOCAL_SIZE',
  ),
  family(
    'MVAPICH2',
    'MV2_COMM_WORLD_RANK',
    'MV2_COMM_WORLD_SIZE',
    'MV2_COMM_WORLD_LOCAL_RANK',
    'MV2_COMM_WORLD_LOCAL_SIZE',
  ),
  {
    ...family('PALS', 'PALS_RANKID', 'PALS_SIZE', 'PALS_LOCAL_RANKID', 'PALS_LOCAL_SIZE'),
    node: 'PALS_NODEID',
  },
  family(
    'jsrun',
    'JSM_NAMESPACE_RANK',
    'JSM_NAMESPACE_SIZE',
    'JSM_NAMESPACE_LOCAL_RANK',
    'JSM_NAMESPACE_LOCAL_SIZE',
  ),
  family('Flux', 'FLUX_TASK_RANK', 'FLUX_JOB_SIZE', 'FLUX_TASK_LOCAL_ID'),
  {
    ...family('Horovod', 'HOROVOD_RANK', 'HOROVOD_SIZE', 'HOROVOD_LOCAL_RANK', 'HOROVOD_LOCAL_SIZE'),
    node: 'HOROVOD_CROSS_RANK',
  },
  { ...family('torchrun', 'RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE'), node: 'GROUP_RANK' },
  // MPICH's hydra, Intel MPI, MS-MPI; `srun --mpi=pmi2` sets these, too, and leaves the rest to Slurm.
  { ...family('PMI', 'PMI_RANK', 'PMI_SIZE', 'MPI_LOCALRANKID', 'MPI_LOCALNRANKS'), node: 'SLURM_NODEID' },
  { ...family('Slurm', 'SLURM_PROCID', 'SLURM_STEP_NUM_TASKS', 'SLURM_LOCALID'), node: 'SLURM_NODEID' },
  { launcher: 'PMIx', rank: 'PMIX_RANK' },
]

function family(
  launcher: string,
  rank: string,
  size: string,
  localRank: string,
  localSize?: string,
): Variables {
  return { launcher, rank, size, localRank, ...(localSize !== undefined && { localSize }) }
}

/**
 * Reads from the environment which process of how many this is: of Open MPI, MPICH, Intel MPI, MVAPICH2, Slurm, PALS, jsrun, Flux, PMIx, Horovod, torchrun and
 * Kubeflow. Undefined where nothing has started several. Needs no MPI, so it can choose a GPU before anything is loaded.
 * @throws if the rank is not below the size.
 */
export function detectRanks(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Ranks | undefined {
  const number = (name: string | undefined): number | undefined =>
    name !== undefined && /^\d+$/.test(env[name] ?? '') ? Number(env[name]) : undefined
  for (const { launcher, ...names } of launchers) {
    const globalRank = number(names.rank)
    const worldSize = number(names.size)
    if (globalRank === undefined || (names.size !== undefined && worldSize === undefined)) continue
    if (worldSize !== undefined && globalRank >= worldSize)
      fail(
        `${launcher} says rank ${globalRank} of ${worldSize} (${names.rank}, ${names.size}); ranks count from 0`,
      )
    return {
      launcher,
      globalRank,
      worldSize,
      localRank: number(names.localRank) ?? (launcher === 'PMI' ? number('SLURM_LOCALID') : undefined),
      localSize: number(names.localSize) ?? slurmTasks(launcher, env, number('SLURM_NODEID')),
      node: number(names.node),
    }
  }
  return kubeflow(number)
}

/** The runtime for PyTorch of Kubeflow Trainer: one process a pod counts them, more are started by `torchrun`, which has variables of its own. */
function kubeflow(number: (name: string) => number | undefined): Ranks | undefined {
  const node = number('PET_NODE_RANK')
  const nodes = number('PET_NNODES')
  if (node === undefined || nodes === undefined || (number('PET_NPROC_PER_NODE') ?? 1) !== 1) return undefined
  return { launcher: 'Kubeflow', globalRank: node, worldSize: nodes, localRank: 0, localSize: 1, node }
}

/** Reads `SLURM_STEP_TASKS_PER_NODE`, such as `4(x2),3`: the tasks of each node in turn. */
function slurmTasks(
  launcher: string,
  env: Readonly<Record<string, string | undefined>>,
  node: number | undefined,
): number | undefined {
  const list = env['SLURM_STEP_TASKS_PER_NODE']
  if (!['PMI', 'Slurm'].includes(launcher) || list === undefined || node === undefined) return undefined
  const counts = list.split(',').flatMap((part) => {
    const [, tasks, times] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? []
    return Array<number>(Number(times ?? 1)).fill(Number(tasks))
  })
  return counts[node]
}

/** What the variables of launchers begin with. */
const prefixes =
  /^(OMPI_|OPAL_|ORTE_|PRTE_|PMIX_|PMI_|HYDRA_|HYDI_|MPI_LOCAL|MPIR_|MV2_COMM_|PALS_|JSM_|FLUX_TASK_|HOROVOD_|SLURM_(PROCID|LOCALID|STEP_)|(LOCAL_|GROUP_)?RANK$|(LOCAL_)?WORLD_SIZE$)/

/** Gives an environment without what makes a process a rank: for programs that a rank starts, which would take themselves for that rank. */
export function withoutRanks(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !prefixes.test(name)))
}
