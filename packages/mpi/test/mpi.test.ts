import { expect, test } from 'vitest'
import { abiOf } from '../src/abi.ts'
import { mpi } from '../src/index.ts'
import { candidates } from '../src/library.ts'

test('a process that nothing has started with others trains alone, without MPI', async () => {
  const strategy = await mpi()
  expect(strategy).toMatchObject({ name: 'single', globalRank: null, localRank: null, worldSize: 1 })
})

test('options are checked when they are given', () => {
  expect(() => mpi({ timeout: 0 })).toThrow('[mpi] `timeout` must be a number of seconds above 0, not 0')
})

test('a library that is not there, or is none of MPI, is named', async () => {
  await expect(mpi({ library: '/nowhere/libmpi.so' })).rejects.toThrow(
    '[mpi] no MPI library was found, of /nowhere/libmpi.so; install Open MPI or MPICH',
  )
})

test('the library of the launcher is tried before others', () => {
  expect(candidates('Open MPI')[0]).toMatch(/libmpi(\.so\.40|\.40\.dylib)/)
  expect(candidates('PMI')[0]).not.toBe(candidates('Open MPI')[0])
  expect(candidates('Open MPI')).not.toContain(candidates('PMI')[0])
  expect(new Set(candidates('Slurm'))).toEqual(new Set([...candidates('Open MPI'), ...candidates('PMI')]))
})

test('a library is known by what it says and by its symbols', () => {
  const symbols = (names: Record<string, bigint>) => (name: string) => names[name]
  const openMpi = { ompi_mpi_comm_world: 7n, ompi_mpi_float: 8n }
  expect(abiOf(symbols(openMpi), -1)).toMatchObject({
    name: 'Open MPI',
    handle: 'void *',
    world: 7n,
    float: 8n,
  })
  expect(abiOf(symbols({}), -1)).toMatchObject({ name: 'MPICH', handle: 'int', world: 0x44000000 })
  // The library of the ABI that Open MPI 6 has finds Open MPI's own symbols, too, in the one below it.
  for (const names of [{}, openMpi])
    expect(abiOf(symbols(names), 1)).toMatchObject({
      name: 'MPI ABI',
      world: 0x101n,
      threadMultiple: 4096,
    })
})
