/** A handle of MPI: a number in the family of MPICH, an address otherwise. */
export type Handle = number | bigint

/** The constants of an ABI, and the type of its handles. The headers of the libraries and chapter 20 of MPI 5.0 have them. */
export interface Abi {
  readonly name: 'Open MPI' | 'MPICH' | 'MPI ABI'
  readonly handle: 'int' | 'void *'
  readonly world: Handle
  readonly float: Handle
  readonly double: Handle
  readonly byte: Handle
  readonly sum: Handle
  readonly max: Handle
  readonly min: Handle
  readonly errorsReturn: Handle
  readonly inPlace: bigint
  readonly ignoreStatus: bigint
  /** The levels of `MPI_Init_thread`: one thread at a time, and many. */
  readonly threadSerialized: number
  readonly threadMultiple: number
}

/**
 * Tells the ABI of a library by what it says and by its symbols: names of files say little. `symbol` gives an address, or undefined; `version` is that of the ABI of
 * MPI 5, see `MPI_Abi_get_version`: above 0 in a library that has it.
 */
export function abiOf(symbol: (name: string) => bigint | undefined, version: number): Abi {
  // Asked first: below a library of Open MPI that has the ABI are the symbols of Open MPI.
  if (version > 0) return standard
  if (symbol('ompi_mpi_comm_world') !== undefined) return openMpi((name) => symbol(`ompi_mpi_${name}`)!)
  return mpich
}

/** In Open MPI a handle is the address of a variable of the library. */
function openMpi(address: (name: string) => bigint): Abi {
  return {
    name: 'Open MPI',
    handle: 'void *',
    world: address('comm_world'),
    float: address('float'),
    double: address('double'),
    byte: address('byte'),
    sum: address('op_sum'),
    max: address('op_max'),
    min: address('op_min'),
    errorsReturn: address('errors_return'),
    inPlace: 1n,
    ignoreStatus: 0n,
    threadSerialized: 2,
    threadMultiple: 3,
  }
}

const mpich: Abi = {
  name: 'MPICH',
  handle: 'int',
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  byte: 0x4c00010d,
  sum: 0x58000003,
  max: 0x58000001,
  min: 0x58000002,
  errorsReturn: 0x54000001,
  inPlace: 0xffff_ffff_ffff_ffffn,
  ignoreStatus: 1n,
  threadSerialized: 2,
  threadMultiple: 3,
}

const standard: Abi = {
  name: 'MPI ABI',
  handle: 'void *',
  world: 0x101n,
  float: 0x210n,
  double: 0x214n,
  byte: 0x247n,
  sum: 0x21n,
  min: 0x22n,
  max: 0x23n,
  errorsReturn: 0x143n,
  inPlace: 1n,
  ignoreStatus: 0n,
  threadSerialized: 2048,
  threadMultiple: 4096,
}
