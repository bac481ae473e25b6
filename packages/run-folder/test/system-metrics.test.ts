import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { onStepEnd, Trainer } from '@trainyard/core'
import { openRuns, RunLogger, SystemMetrics } from '@trainyard/run-folder'
import { expect, test } from 'vitest'
import { linesOf, newFolder } from './folders.ts'
import { numbers, ToyModule } from './toy.ts'

test('the process is measured while it trains, and no longer', async () => {
  const parentLogDir = newFolder()
  const run = new RunLogger({ parentLogDir })
  const file = join(run.logDir, 'metrics/system.json')
  const wait = onStepEnd(async ({ step }) => {
    if (step === 3) while (!existsSync(file)) await setTimeout(5)
  })
  const trainer = new Trainer({
    module: new ToyModule(),
    data: numbers,
    maxEpochs: 1,
    callbacks: [wait, new SystemMetrics({ period: 0.02 })],
  })
  run.setup(trainer)
  await trainer.train()
  const count = linesOf(run.logDir, 'system').length
  await setTimeout(60)
  expect(linesOf(run.logDir, 'system')).toHaveLength(count)
  run.finish()

  const rows = openRuns(parentLogDir).at(0)!.rows('system') as Record<string, number>[]
  expect(rows[0]).toMatchObject({ step: 3, epoch: 0 })
  expect(rows.at(-1)).toMatchObject({ step: 20, epoch: 1 })
  for (const { time, cpu, rss, heap, loop_delay } of rows) {
    expect(Math.abs(Date.now() / 1000 - time!)).toBeLessThan(60)
    expect(cpu).toBeGreaterThanOrEqual(0)
    expect(heap).toBeGreaterThan(1)
    expect(rss).toBeGreaterThan(heap!)
    expect(loop_delay).toBeGreaterThanOrEqual(0)
  }
})

test('without a run, and with a period that is none, it says what is wrong', async () => {
  expect(() => new SystemMetrics({ period: 0 })).toThrow(
    '[run-folder] `period` must be a number of seconds above 0, not 0',
  )
  const trainer = new Trainer({
    module: new ToyModule(),
    data: numbers,
    maxEpochs: 1,
    callbacks: [new SystemMetrics()],
  })
  await expect(trainer.train()).rejects.toThrow(
    '[run-folder] SystemMetrics finds no run; before training, call',
  )
})
