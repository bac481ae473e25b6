import { PowerLossError, powerLossAt } from './faults.ts'
import { type Around, intercept } from './intercept.ts'
import type { MemoryFileSystem } from './memory-file-system.ts'

export interface ExplorePowerLossOptions<Progress> {
  /** Makes the disk as it is before the work begins. */
  prepare(): Promise<MemoryFileSystem>
  /** Does the work, and writes down how far it has come: `progress.saved = true` after a save. */
  work(disk: MemoryFileSystem, progress: Progress): Promise<unknown>
  /** How far the work has come before it begins. */
  progress(): Progress
  /** Looks at what is left. Throws if that must not be. */
  check(disk: MemoryFileSystem, progress: Progress): Promise<unknown>
  /** How many outcomes of each power loss to look at. Default: 24. */
  outcomes?: number | undefined
  /** The first operation in front of which the power fails. Default: 1. */
  from?: number | undefined
  /** A further fault, such as a sync that does nothing; makes a new one for each run. */
  fault?: (() => Around) | undefined
}

/**
 * Does some work over and over again, and lets the power fail before its first operation, before its second, …, and after its last; looks at several of
 * the states in which each of these may leave the disk. Gives the number of operations.
 * @throws the first error of `check`, which says in front of which operation the power failed, and which outcome it was.
 */
export async function explorePowerLoss<Progress>({
  prepare,
  work,
  progress: start,
  check,
  outcomes = 24,
  from = 1,
  fault,
}: ExplorePowerLossOptions<Progress>): Promise<number> {
  for (let at = from; ; at++) {
    const disk = await prepare()
    const progress = start()
    let isOff = false
    const powered = intercept(
      disk,
      powerLossAt(({ index }) => (isOff ||= index === at)),
    )
    // Work that has nothing more to lose may end as if nothing had happened.
    await work(fault ? intercept(powered, fault()) : powered, progress).catch((error: unknown) => {
      if (!lostPower(error)) throw error
    })
    for (let outcome = 0; outcome < outcomes; outcome++)
      try {
        await check(disk.powerLoss(outcome), progress)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new Error(`[testing] power lost before operation ${at}, outcome ${outcome}: ${reason}`, {
          cause: error,
        })
      }
    if (!isOff) return at - 1
  }
}

/** Whoever catches an error may have put another one around it. */
function lostPower(error: unknown): boolean {
  return error instanceof PowerLossError || (error instanceof Error && lostPower(error.cause))
}
