import type { Handle } from './abi.ts'
import type { Library } from './library.ts'

/** An array whose address MPI gets; null where there is nothing. */
type Memory = ArrayBufferView | null

/** The functions of MPI that are used, as C has them: each gives an error code, 0 for none. */
export interface Calls {
  initThread(argc: null, argv: null, required: number, provided: Int32Array): number
  initialized(flag: Int32Array): number
  finalize: Threaded<[]>
  abort(comm: Handle, code: number): number
  rank(comm: Handle, rank: Int32Array): number
  size(comm: Handle, size: Int32Array): number
  duplicate(comm: Handle, copy: HandleBox): number
  setErrorHandler(comm: Handle, handler: Handle): number
  errorString(code: number, text: Buffer, length: Int32Array): number
  allReduce: Threaded<
    [sent: bigint, buffer: Memory, count: number, type: Handle, operation: Handle, comm: Handle]
  >
  broadcast: Threaded<[buffer: Memory, count: number, type: Handle, root: number, comm: Handle]>
  allGather: Threaded<
    [sent: Memory, count: number, type: Handle, received: Memory, counts: number, types: Handle, comm: Handle]
  >
  reduceLocal(address: number, into: Memory, count: number, type: Handle, operation: Handle): number
  startBarrier(comm: Handle, request: HandleBox): number
  startAllReduce(
    sent: bigint,
    buffer: Memory,
    count: number,
    type: Handle,
    operation: Handle,
    comm: Handle,
    request: HandleBox,
  ): number
  test(request: HandleBox, flag: Int32Array, status: bigint): number
  startSend(
    buffer: Memory,
    count: number,
    type: Handle,
    to: number,
    tag: number,
    comm: Handle,
    request: HandleBox,
  ): number
  probe(from: number, tag: number, comm: Handle, flag: Int32Array, status: bigint): number
  receive(
    buffer: Memory,
    count: number,
    type: Handle,
    from: number,
    tag: number,
    comm: Handle,
    status: bigint,
  ): number
}

/** A function that can also run in another thread, which then calls back. */
export interface Threaded<Arguments extends unknown[]> {
  (...args: Arguments): number
  async(...args: [...Arguments, done: (error: unknown, code: number) => void]): void
}

/** Where MPI writes a handle. */
export type HandleBox = Int32Array | BigUint64Array

/** Binds the functions of a library. */
export function callsOf({ handle, abi }: Library): Calls {
  const h = abi.handle
  const pointer = 'void *'
  const bind = (name: string, ...types: string[]): never => handle.func(`MPI_${name}`, 'int', types) as never
  return {
    initThread: bind('Init_thread', pointer, pointer, 'int', pointer),
    initialized: bind('Initialized', pointer),
    finalize: bind('Finalize'),
    abort: bind('Abort', h, 'int'),
    rank: bind('Comm_rank', h, pointer),
    size: bind('Comm_size', h, pointer),
    duplicate: bind('Comm_dup', h, pointer),
    setErrorHandler: bind('Comm_set_errhandler', h, h),
    errorString: bind('Error_string', 'int', pointer, pointer),
    allReduce: bind('Allreduce', pointer, pointer, 'int', h, h, h),
    broadcast: bind('Bcast', pointer, 'int', h, 'int', h),
    allGather: bind('Allgather', pointer, 'int', h, pointer, 'int', h, h),
    reduceLocal: bind('Reduce_local', 'uintptr_t', pointer, 'int', h, h),
    startBarrier: bind('Ibarrier', h, pointer),
    startAllReduce: bind('Iallreduce', pointer, pointer, 'int', h, h, h, pointer),
    test: bind('Test', pointer, pointer, pointer),
    startSend: bind('Isend', pointer, 'int', h, 'int', 'int', h, pointer),
    probe: bind('Iprobe', 'int', 'int', h, pointer, pointer),
    receive: bind('Recv', pointer, 'int', h, 'int', 'int', h, pointer),
  }
}
