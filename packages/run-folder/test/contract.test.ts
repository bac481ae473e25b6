import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testLogger } from '@trainyard/testing'
import { afterAll, describe, test } from 'vitest'
import { openRuns, type Run, RunFolderLogger, RunLogger } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-contract-'))
const runs = new Set<Run>()
afterAll(() => {
  for (const run of runs) run.finish()
  rmSync(root, { recursive: true })
})

describe('RunFolderLogger', () => {
  testLogger(test, {
    create: () => new RunFolderLogger({ tensorsToLog: ['loss', 'weight'], stepFreq: 2 }),
    setup(trainer, place, isResumed) {
      const run = new RunLogger({
        parentLogDir: join(root, place),
        ...(isResumed && { forcedLogId: 1, takeOver: true }),
      })
      runs.add(run)
      run.setup(trainer)
    },
    read(place) {
      if (!existsSync(join(root, place))) return []
      const run = openRuns(join(root, place)).at(0)!
      return run.logNames.flatMap((log) =>
        run.rows(log).flatMap(({ step, epoch: _epoch, time: _time, ...values }) =>
          Object.entries(values).map(([name, value]) => ({
            name,
            step: Number(step),
            value: Number(value),
          })),
        ),
      )
    },
  })
})
