import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testCallback, testLogger, type ToyTrainer } from '@trainyard/testing'
import { afterAll, describe, test } from 'vitest'
import { openRuns, type Run, RunFolderLogger, RunLogger, SystemMetrics } from '../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'trainyard-contract-'))
const runs = new Set<Run>()
afterAll(() => {
  for (const run of runs) run.finish()
  rmSync(root, { recursive: true })
})

function setup(trainer: ToyTrainer, place: string, isResumed: boolean): void {
  const run = new RunLogger({
    parentLogDir: join(root, place),
    ...(isResumed && { forcedLogId: 1, takeOver: true }),
  })
  runs.add(run)
  run.setup(trainer)
}

describe('SystemMetrics', () => {
  testCallback(test, {
    create: () => new SystemMetrics({ period: 0.01 }),
    setup: (trainer, place, isResumed) => setup(trainer, `system ${place}`, isResumed),
  })
})

describe('RunFolderLogger', () => {
  testLogger(test, {
    create: () => new RunFolderLogger({ tensorsToLog: ['loss', 'weight'], stepFreq: 2 }),
    setup,
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
