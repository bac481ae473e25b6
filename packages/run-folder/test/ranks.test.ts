import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Strategy, Trainer } from '@trainyard/core'
import {
  openRuns,
  RunFolderLogger,
  RunLogger,
  type RunLoggerOptions,
  TextArtifact,
} from '@trainyard/run-folder'
import { expect, test } from 'vitest'
import { filesIn, linesOf, newFolder, read } from './folders.ts'
import { ranks } from './ranks.ts'
import { numbers, ToyModule } from './toy.ts'

function openOnAll(strategies: readonly Strategy[], options: RunLoggerOptions): Promise<RunLogger[]> {
  return Promise.all(strategies.map((strategy) => RunLogger.open(options, strategy)))
}

test('several ranks have one run, which rank zero writes; all of them load from it', async () => {
  const parentLogDir = newFolder()
  const runs = await openOnAll(ranks(3), { parentLogDir, config: { lr: 0.1, worst: NaN } })
  expect(readdirSync(parentLogDir)).toEqual(['1'])
  for (const run of runs) {
    expect(run).toMatchObject({ logId: 1, logDir: join(parentLogDir, '1'), isResumed: false })
    expect([run.config, run.runId]).toEqual([{ lr: 0.1, worst: NaN }, runs[0]!.runId])
  }
  for (const [rank, run] of runs.entries()) run.logMetrics({ rank }, 'train')
  const saved = runs.map((run, rank) => run.logCheckpoint({ rank }))
  expect(new Set(await Promise.all(saved)).size).toBe(1)
  const paths = runs.map((run, rank) => run.logArtifact(new TextArtifact(`rank ${rank}`), 'note'))
  expect(new Set(await Promise.all(paths)).size).toBe(1)
  for (const run of runs) {
    expect(await run.loadCheckpoint()).toEqual({ rank: 0 })
    run.updateInfo({ seen: 1 })
  }
  // The others end first, and as they like.
  for (const run of runs.toReversed()) {
    const before = openRuns(parentLogDir).at(0)!.status
    expect(before).toBe('RUNNING')
    run.finish()
    expect(run.info['status']).toBe('COMPLETE')
    expect(() => run.logMetrics({ late: 1 }, 'train')).toThrow('is finished')
  }
  expect(linesOf(runs[0]!.logDir, 'train')).toEqual(['{"rank": 0}'])
  expect(read(runs[0]!.logDir, 'artifacts/Text/note.txt')).toBe('rank 0')
  expect(openRuns(parentLogDir).select('id', 'status', 'info.seen').rows).toEqual([[1, 'COMPLETE', 1]])
  expect(filesIn(parentLogDir).filter((file) => file.includes('.writer'))).toEqual([])
})

test('they go back to a run together, each with a log of its own', async () => {
  const parentLogDir = newFolder()
  new RunLogger({ parentLogDir }).finish()
  const options = { parentLogDir, forcedLogId: 1, logStreamsToFile: true }
  const runs = await openOnAll(ranks(2), options)
  expect(runs.map(({ isResumed }) => isResumed)).toEqual([true, true])
  process.stdout.write('printed\n')
  for (const run of runs.toReversed()) run.finish()
  for (const name of ['log.stdout', 'log_globalrank-1.stdout'])
    expect(read(parentLogDir, '1', name)).toBe('printed\n')
})

test('an error on rank zero ends the others, who would wait for ever', async () => {
  const aborted: string[] = []
  const strategies = ranks(2, (reason) => void aborted.push(reason))
  const options = { parentLogDir: newFolder(), forcedLogId: 7 }
  await expect(RunLogger.open(options, strategies[0]!)).rejects.toThrow('there is no run 7')
  expect(aborted).toEqual([expect.stringContaining('there is no run 7')])
})

test('a trainer of several ranks gets one run; that each opens its own is an error', async () => {
  const parentLogDir = newFolder()
  const strategies = ranks(2)
  const runs = await openOnAll(strategies, { parentLogDir })
  const trainers = strategies.map(
    (strategy) =>
      new Trainer({
        module: new ToyModule(),
        // A list cannot be cut among ranks; a loader can.
        data: { epoch: () => numbers },
        maxEpochs: 1,
        callbacks: [new RunFolderLogger({ stepFreq: 5 })],
        strategy,
      }),
  )
  for (const [rank, trainer] of trainers.entries()) runs[rank]!.setup(trainer)
  expect(trainers.map(({ logDirectory }) => logDirectory)).toEqual([runs[0]!.logDir, runs[0]!.logDir])
  await Promise.all(trainers.map((trainer) => trainer.train()))
  for (const run of runs) run.finish()
  expect(openRuns(parentLogDir).select('id', 'status', 'train.step.count').rows).toEqual([[1, 'COMPLETE', 4]])
  const alone = new RunLogger({ parentLogDir })
  alone.setup(trainers[0]!)
  expect(() => alone.setup(trainers[1]!)).toThrow(
    `[run-folder] rank 1 of 2 has opened the run "${alone.logDir}" for itself; on every rank, open one for all with \`await RunLogger.open(options, strategy)\``,
  )
  alone.finish()
})
