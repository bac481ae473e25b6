import { existsSync } from 'node:fs'
import { plainCopy, sameTree } from '../plain-tree.ts'
import { openRuns } from './runs.ts'

/**
 * Finds the run to go on with: the newest with the same config that was interrupted, failed or killed. Gives its number for `forcedLogId`, or -1, a new
 * run, if there is none.
 *
 * ```ts
 * const run = new RunLogger({ parentLogDir: 'runs', config, forcedLogId: interruptedRun('runs', config) })
 * ```
 */
export function interruptedRun(parentLogDir: string, config: Readonly<Record<string, unknown>>): number {
  if (!existsSync(parentLogDir)) return -1
  const wanted = plainCopy('`config`', config)
  const broken = openRuns(parentLogDir).filter("status in ['INTERRUPTED', 'FAILED', 'DEAD'] and id >= 0")
  const run = [...broken.sort('id')].findLast((found) => sameTree(found.config, wanted))
  return run ? Number(run.id) : -1
}
