import { writeSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Handle } from './abi.ts'
import { type Calls, callsOf, type HandleBox } from './calls.ts'
import type { Ranks } from './detect-ranks.ts'
import { fail } from './errors.ts'
import type { Library } from './library.ts'

/** The processes of a job, after MPI has brought them together. */
export interface Group {
  readonly library: Library
  readonly calls: Calls
  readonly rank: number
  readonly size: number
  /** For collectives. */
  readonly world: Handle
  /** For what ranks tell each other beside the collectives: it must not meet these. */
  readonly control: Handle
  /** Whether calls may be made in other threads, one at a time. */
  readonly threads: boolean
}

/** Starts MPI. @throws if it fails, or finds other ranks than the launcher has started. */
export function startGroup(library: Library, launched: Ranks | undefined): Group {
  const { abi, file } = library
  const calls = callsOf(library)
  const number = new Int32Array(1)
  calls.initialized(number)
  if (number[0]) fail('MPI is started already in this process, by something else than `mpi()`')
  checkCode(calls, calls.initThread(null, null, abi.threadMultiple, number), 'MPI_Init_thread')
  const threads = number[0]! >= abi.threadSerialized
  calls.setErrorHandler(abi.world, abi.errorsReturn)
  calls.rank(abi.world, number)
  const rank = number[0]!
  calls.size(abi.world, number)
  const size = number[0]!
  if (launched?.worldSize !== undefined && launched.worldSize !== size) {
    const { launcher, worldSize } = launched
    calls.finalize()
    fail(
      `${launcher} has started ${worldSize} processes, but ${abi.name} ("${file}") sees ${size}: this is not the library of the launcher. Start the program with ` +
        `\`trainyard-mpi\` or the \`mpirun\` of that library (for Slurm: \`srun --mpi=pmix\`, with MPICH \`--mpi=pmi2\`), or name the right one: \`mpi({ library })\``,
    )
  }
  const control = box(library)
  checkCode(calls, calls.duplicate(abi.world, control), 'MPI_Comm_dup')
  return { library, calls, rank, size, world: abi.world, control: control[0]!, threads }
}

/** Makes room for a handle that MPI writes. */
export function box({ abi }: Library): HandleBox {
  return abi.handle === 'int' ? new Int32Array(1) : new BigUint64Array(1)
}

/** @throws what MPI says of an error code. */
export function checkCode(calls: Calls, code: number, what: string): void {
  if (code === 0) return
  const text = Buffer.alloc(8192)
  const length = new Int32Array(1)
  calls.errorString(code, text, length)
  fail(`${what}: ${text.toString('latin1', 0, length[0])}`)
}

/** Says something to a person, as the process may be about to end: at once, with the rank before it. */
export function tell({ rank, size }: Pick<Group, 'rank' | 'size'>, message: string): void {
  const who = `[rank ${rank} of ${size}, ${hostname()}, pid ${process.pid}]`
  try {
    writeSync(2, `${who} ${message}\n`)
  } catch {
    // Nobody listens any more.
  }
}

/** Ends the job: all ranks, with this exit code. */
export function end(group: Group, code: number, message: string): void {
  tell(group, `${message}; ending the job (exit code ${code})`)
  group.calls.abort(group.world, code)
}

/** Finds out from what a job prints whether a rank has ended it, and with which exit code. */
export function endedBy(text: string): number | undefined {
  const code = /; ending the job \(exit code (\d+)\)$/m.exec(text)?.[1]
  return code === undefined ? undefined : Number(code)
}
