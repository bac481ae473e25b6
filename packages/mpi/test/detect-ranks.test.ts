import { expect, test } from 'vitest'
import { detectRanks, withoutRanks } from '../src/index.ts'

const nobody = { localRank: undefined, localSize: undefined, node: undefined }

/** What each launcher leaves in the environment of rank 5 of 8, the second on its host; as recorded, or as its manual says. */
const launchers: [name: string, env: Record<string, string>, expected: object][] = [
  [
    'Open MPI',
    {
      OMPI_COMM_WORLD_RANK: '5',
      OMPI_COMM_WORLD_SIZE: '8',
      OMPI_COMM_WORLD_LOCAL_RANK: '1',
      OMPI_COMM_WORLD_LOCAL_SIZE: '4',
      OMPI_COMM_WORLD_NODE_RANK: '1',
      PMIX_RANK: '5',
    },
    { localRank: 1, localSize: 4 },
  ],
  [
    'MVAPICH2',
    {
      MV2_COMM_WORLD_RANK: '5',
      MV2_COMM_WORLD_SIZE: '8',
      MV2_COMM_WORLD_LOCAL_RANK: '1',
      MV2_COMM_WORLD_LOCAL_SIZE: '4',
      PMI_RANK: '5',
      PMI_SIZE: '8',
    },
    { localRank: 1, localSize: 4 },
  ],
  [
    'PALS',
    { PALS_RANKID: '5', PALS_SIZE: '8', PALS_LOCAL_RANKID: '1', PALS_LOCAL_SIZE: '4', PALS_NODEID: '1' },
    { localRank: 1, localSize: 4, node: 1 },
  ],
  [
    'jsrun',
    {
      JSM_NAMESPACE_RANK: '5',
      JSM_NAMESPACE_SIZE: '8',
      JSM_NAMESPACE_LOCAL_RANK: '1',
      JSM_NAMESPACE_LOCAL_SIZE: '4',
    },
    { localRank: 1, localSize: 4 },
  ],
  ['Flux', { FLUX_TASK_RANK: '5', FLUX_JOB_SIZE: '8', FLUX_TASK_LOCAL_ID: '1' }, { localRank: 1 }],
  [
    'Horovod',
    {
      HOROVOD_RANK: '5',
      HOROVOD_SIZE: '8',
      HOROVOD_LOCAL_RANK: '1',
      HOROVOD_LOCAL_SIZE: '4',
      HOROVOD_CROSS_RANK: '1',
    },
    { localRank: 1, localSize: 4, node: 1 },
  ],
  [
    'torchrun',
    { RANK: '5', WORLD_SIZE: '8', LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '4', GROUP_RANK: '1' },
    { localRank: 1, localSize: 4, node: 1 },
  ],
  [
    'PMI',
    { PMI_RANK: '5', PMI_SIZE: '8', MPI_LOCALRANKID: '1', MPI_LOCALNRANKS: '4' },
    { localRank: 1, localSize: 4 },
  ],
  [
    'Slurm',
    {
      SLURM_PROCID: '5',
      SLURM_STEP_NUM_TASKS: '8',
      SLURM_NTASKS: '8',
      SLURM_LOCALID: '1',
      SLURM_NODEID: '1',
      SLURM_STEP_TASKS_PER_NODE: '4(x2)',
    },
    { localRank: 1, localSize: 4, node: 1 },
  ],
]

test.each(launchers)(
  'the ranks that %s has started are known from the environment',
  (launcher, env, expected) => {
    expect(detectRanks(env)).toEqual({ ...nobody, launcher, globalRank: 5, worldSize: 8, ...expected })
  },
)

test('srun with PMI leaves the place on the host to the variables of Slurm', () => {
  const env = {
    PMI_RANK: '2',
    PMI_SIZE: '5',
    SLURM_PROCID: '2',
    SLURM_STEP_NUM_TASKS: '5',
    SLURM_LOCALID: '0',
    SLURM_NODEID: '1',
    SLURM_STEP_TASKS_PER_NODE: '2,3',
  }
  expect(detectRanks(env)).toEqual({
    launcher: 'PMI',
    globalRank: 2,
    worldSize: 5,
    localRank: 0,
    localSize: 3,
    node: 1,
  })
})

test('mpirun inside of an allocation of Slurm counts, not the one step that it runs in', () => {
  const slurm = { SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '2', SLURM_LOCALID: '0', SLURM_NTASKS: '4' }
  expect(detectRanks({ ...slurm, PMI_RANK: '3', PMI_SIZE: '4' })).toMatchObject({
    globalRank: 3,
    worldSize: 4,
  })
  const openMpi = { OMPI_COMM_WORLD_RANK: '3', OMPI_COMM_WORLD_SIZE: '4' }
  expect(detectRanks({ ...slurm, ...openMpi })).toMatchObject({ globalRank: 3, launcher: 'Open MPI' })
})

test('the body of a batch script of Slurm is a single process', () => {
  expect(detectRanks({ SLURM_PROCID: '0', SLURM_NTASKS: '4', SLURM_LOCALID: '0' })).toBeUndefined()
  expect(detectRanks({})).toBeUndefined()
})

test('pods of Kubeflow count their nodes; a job that only numbers its pods is none of several ranks', () => {
  const pod = { PET_NODE_RANK: '2', PET_NNODES: '3', PET_NPROC_PER_NODE: '1' }
  expect(detectRanks(pod)).toMatchObject({ launcher: 'Kubeflow', globalRank: 2, worldSize: 3, localRank: 0 })
  expect(detectRanks({ JOB_COMPLETION_INDEX: '4' })).toBeUndefined()
})

test('where the environment has no size, only MPI knows it', () => {
  expect(detectRanks({ PMIX_RANK: '1' })).toMatchObject({
    launcher: 'PMIx',
    globalRank: 1,
    worldSize: undefined,
  })
})

test('a rank beyond the size is an error that names the variables', () => {
  expect(() => detectRanks({ RANK: '4', WORLD_SIZE: '4' })).toThrow(
    '[mpi] torchrun says rank 4 of 4 (RANK, WORLD_SIZE); ranks count from 0',
  )
})

test('a program that a rank starts does not take itself for that rank', () => {
  for (const [, env] of launchers) expect(detectRanks(withoutRanks(env))).toBeUndefined()
  const kept = { PATH: '/bin', HOME: '/root', SLURM_JOB_ID: '7', RANKING: '1' }
  expect(withoutRanks({ ...kept, OMPI_MCA_x: '1', PMIX_NAMESPACE: 'a', PMI_FD: '3' })).toEqual(kept)
})
