// What users of other frameworks complain of, about several processes that save in one folder. The whole list: complaints.test.ts.
import { join } from 'node:path'
import { nodeFiles, readCheckpoint } from '@trainyard/checkpointer'
import { onStepEnd, type TrainerState } from '@trainyard/core'
import { inProcessRanks, intercept } from '@trainyard/testing'
import { expect, test } from 'vitest'
import { ModelCheckpoint } from '../src/index.ts'
import { batches, FakeHost, folder, run, Scored } from './run.ts'

const scores = [3, 1, 2, 9, 8]

/** Two ranks that train on the same data, each with one of the savers; `signalled` gets a signal at step 7. */
function ranks(savers: readonly ModelCheckpoint[], signalled?: number): ReturnType<typeof run>[] {
  return inProcessRanks(2).map((strategy, rank) => {
    const host = new FakeHost()
    const signal = onStepEnd(
      (state: TrainerState) => void (state.step === 7 && rank === signalled && host.signal('SIGTERM', 143)),
    )
    const trainer: ReturnType<typeof run> = run([savers[rank]!, signal], {
      strategy,
      host,
      data: { epoch: (_epoch, from) => batches(1, 2, 3).slice(from) },
      validate: { data: { epoch: () => batches(1) } },
      module: new Scored(scores, () => trainer.state.validations),
    })
    return trainer
  })
}

// transformers #27925, #28015, #28364, #28848, #36076: many processes race for one folder. DefaultCheckpointer of PyMarlin (seeds D1) deletes on every rank.
test('one of several ranks touches the folder, and all agree on what is best', async () => {
  const dirpath = folder()
  const changes: string[][] = [[], []]
  const savers = changes.map(
    (log) =>
      new ModelCheckpoint({
        dirpath,
        filename: 'fixed',
        saveTopK: 2,
        saveBestModel: true,
        files: intercept(nodeFiles, ({ name, args }, perform) => {
          if (!/^(readdir|lstat|readlink|open\.(read|close))$/.test(name) && args[1] !== 'read')
            log.push(name)
          return perform()
        }),
      }),
  )
  const trainers = ranks(savers)
  await Promise.all(trainers.map((trainer) => trainer.train()))
  expect(changes[0]!.length).toBeGreaterThan(50)
  expect(changes[1]).toEqual([])
  const [first, second] = savers
  expect([...second!.bestKModels]).toEqual([...first!.bestKModels])
  expect([...first!.bestKModels.values()]).toEqual([1, 2])
  const [one, other] = await Promise.all(trainers.map((trainer) => trainer.module.getState()))
  expect(other).toEqual(one)
  expect((await readCheckpoint(join(dirpath, 'best'))).checkpoint.module).toEqual(one)
})

// Lightning #20806, #20825: a signal that comes to one rank leaves the others waiting for it.
test.each([0, 1])('a signal to rank %i alone ends all with the same weights', async (signalled) => {
  const dirpath = folder()
  const savers = [0, 1].map(() => new ModelCheckpoint({ dirpath, saveBestModel: true }))
  const trainers = ranks(savers, signalled)
  const results = await Promise.all(trainers.map((trainer) => trainer.train()))
  expect(results.map(({ step }) => step)).toEqual([8, 8])
  const [one, other] = await Promise.all(trainers.map((trainer) => trainer.module.getState()))
  expect(other).toEqual(one)
  expect((await readCheckpoint(join(dirpath, 'last'))).manifest.step).toBe(8)
})
