import { existsSync } from 'node:fs'
import type { LibraryHandle } from 'koffi'
import { type Abi, abiOf } from './abi.ts'
import { fail } from './errors.ts'

/** A library of MPI in this process. */
export interface Library {
  /** Its file, as it was asked for. */
  readonly file: string
  readonly abi: Abi
  /** What it says of itself. */
  readonly version: string
  readonly handle: LibraryHandle
  readonly memory: MemoryCalls
  /** Ends the process on the spot. */
  leave(exitCode: number): void
}

/** What the system does for processes that share memory. */
export interface MemoryCalls {
  /** `mmap`: gives an address; one above 2^53 means that it failed. */
  map(
    at: null,
    length: number,
    protection: number,
    flags: number,
    file: number,
    offset: number,
  ): number | bigint
  view(address: number, length: number): ArrayBuffer
  /** `sched_yield`: offers the processor to whoever waits for it. */
  yield(): number
}

const isMac = process.platform === 'darwin'

/** Names of libraries: of Open MPI, of MPICH and its family (Intel MPI, MVAPICH, Cray), those that have the ABI of MPI 5 (`libmpi_abi.so.0` has a draft of it), and of any. */
const names = isMac
  ? {
      openMpi: ['libmpi.40.dylib'],
      mpich: ['libmpi.12.dylib', 'libmpich.12.dylib'],
      abi: ['libmpi_abi.1.dylib'],
      any: ['libmpi.dylib'],
    }
  : {
      openMpi: ['libmpi.so.40'],
      mpich: ['libmpich.so.12', 'libmpi.so.12', 'libmpi_cray.so.12'],
      abi: ['libmpi_abi.so.1'],
      any: ['libmpi.so'],
    }

/** Which libraries to try, in this order: that of another launcher would start processes that are each alone. */
export function candidates(launcher: string | undefined): readonly string[] {
  const { openMpi, mpich, abi, any } = names
  if (launcher === 'Open MPI') return [...openMpi, ...abi, ...any]
  if (launcher === 'PMI' || launcher === 'MVAPICH2') return [...mpich, ...abi, ...any]
  return [...abi, ...openMpi, ...mpich, ...any]
}

/**
 * Loads MPI, for good.
 * @param files Which to try; the first that is there is taken.
 * @throws if there is none, or `koffi` is missing.
 */
export async function loadLibrary(files: readonly string[]): Promise<Library> {
  // UCX, below MPICH and Open MPI on InfiniBand, else replaces brk() and mmap() under the threads of V8, which then crash now and then.
  process.env['UCX_MEM_EVENTS'] ??= 'no'
  const { default: koffi } = await import('koffi').catch((cause: unknown) =>
    fail('MPI is called through the package `koffi`, which cannot be loaded; run `npm install koffi`', {
      cause,
    }),
  )
  // Calls in other threads run on a stack of this size; the default of 128 kB is too small for reductions of MPICH. It can be set once.
  if (koffi.config()['async_stack_size']! < stackSize) koffi.config({ async_stack_size: stackSize })
  const itself = koffi.load(null)
  const leave = itself.func('_exit', 'void', ['int']) as (exitCode: number) => void
  const memory: MemoryCalls = {
    map: itself.func('mmap', 'uintptr_t', ['void *', 'size_t', 'int', 'int', 'int', 'int64']) as never,
    view: (address, length) => koffi.view(BigInt(address), length),
    yield: itself.func('sched_yield', 'int', []) as never,
  }
  const open = itself.func('dlopen', 'void *', ['const char *', 'int'])
  // Pinned: MPI has destructors of threads, which run after koffi has unloaded what it loaded.
  const flags = isMac ? 0x2 | 0x8 | 0x80 : 0x2 | 0x100 | 0x1000
  const file = files.find((name) => (!name.includes('/') || existsSync(name)) && open(name, flags))
  if (file === undefined)
    fail(
      `no MPI library was found, of ${files.join(', ')}; install Open MPI or MPICH (\`apt-get install openmpi-bin\`), or name it: \`mpi({ library: '/path/to/libmpi.so' })\``,
    )
  const handle = koffi.load(file)
  const symbol = (name: string): bigint | undefined => {
    try {
      return handle.symbol(name) as bigint
    } catch {
      return undefined
    }
  }
  if (symbol('MPI_Init_thread') === undefined) fail(`"${file}" is no MPI library: it has no MPI_Init_thread`)
  const abiVersion = symbol('MPI_Abi_get_version') === undefined ? -1 : abiVersionOf(handle)
  return { file, abi: abiOf(symbol, abiVersion), version: versionOf(handle), handle, memory, leave }
}

const stackSize = 8 << 20

/** Asks, as one may before MPI starts: libraries of MPI 5 have the function, those with handles of their own say -1. */
function abiVersionOf(handle: LibraryHandle): number {
  const [major, minor] = [Int32Array.of(-1), new Int32Array(1)]
  handle.func('MPI_Abi_get_version', 'int', ['void *', 'void *'])(major, minor)
  return major[0]!
}

function versionOf(handle: LibraryHandle): string {
  const text = Buffer.alloc(8192)
  const length = new Int32Array(1)
  handle.func('MPI_Get_library_version', 'int', ['void *', 'void *'])(text, length)
  return text
    .toString('latin1', 0, length[0])
    .replace(/\0[^]*$/, '')
    .trim()
}
