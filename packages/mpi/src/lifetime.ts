import { inspect } from 'node:util'
import { box, checkCode, end, type Group, tell } from './group.ts'
import type { Guardian } from './guardian.ts'
import type { PoliteWait } from './polite-wait.ts'
import type { RollCall } from './roll-call.ts'

/** Exit codes of a program that a signal has ended in good order. */
const orderly = new Set([0, 130, 143])
/** How long a rank that calls `process.exit()` waits for the others to do the same, and how long any waits for MPI to end, in milliseconds. */
const patience = 5000

/**
 * Sees to the end of a rank: the program ends when all ranks have come to their end, and MPI with it. A rank that ends in another way ends the job, for the others
 * would wait for it: an error, an exit code, or `process.exit()` before the others are done.
 */
export function watchEnd(
  group: Group,
  idle: () => Promise<void>,
  wait: PoliteWait,
  rollCall: RollCall,
  guardian: Guardian,
): void {
  const { calls, library, control } = group
  const request = box(library)
  let isEnding = false
  let isOver = false
  let hasFailed = false
  const arrive = (): void => {
    if (!isEnding) checkCode(calls, calls.startBarrier(control, request), 'the end')
    isEnding = true
  }
  const finalize = (): void => {
    isOver = true
    guardian.over(() => calls.finalize())
  }
  // All ranks are at their end, but MPICH on TCP does not always come to its own: one rank answers no more what another still waits for.
  const finalizeOrLeave = async (): Promise<void> => {
    isOver = true
    const late = setTimeout(() => library.leave(Number(process.exitCode ?? 0)), patience)
    await new Promise((done) => calls.finalize.async(done))
    clearTimeout(late)
  }

  // How `trainyard-mpi` stops a job of Open MPI.
  process.on('SIGUSR2', () => process.kill(process.pid, 'SIGTERM'))
  process.on('beforeExit', () => {
    if (isEnding) return
    void (async () => {
      await idle()
      arrive()
      await wait.until(() => wait.test(request), { kind: 'the end of the program', number: Infinity })
      // With the ABI of MPI 5 a library of MPICH is known by what it says alone.
      const isMpich = library.abi.name === 'MPICH' || library.version.startsWith('MPICH')
      if (isMpich && group.threads) await finalizeOrLeave()
      else finalize()
    })()
  })
  // The listener of 'exit' runs before Node prints the error, and does not return.
  process.on('uncaughtExceptionMonitor', (error) => {
    hasFailed = true
    if (!isOver) tell(group, inspect(error))
  })
  process.on('exit', (code) => {
    if (isOver) return
    if (hasFailed || !orderly.has(code)) {
      end(group, code || 1, 'the program has ended here, and not on all ranks')
      return
    }
    arrive()
    rollCall.announceEnd()
    const until = performance.now() + patience
    while (!wait.test(request)) {
      if (performance.now() > until) {
        end(group, 70, 'this rank has called process.exit() long before the others are done')
        return
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
    }
    finalize()
  })
}
