import type { Strategy } from '@trainyard/core'
import { inProcessRanks } from '@trainyard/testing'
import { dataParallel } from '../src/index.ts'

/** Ranks in one process, each with `dataParallel`. */
export function ranksInProcess(size: number): Strategy[] {
  return inProcessRanks(size, () => {}).map((strategy) => ({
    ...strategy,
    callbacks: [dataParallel(strategy)],
  }))
}
