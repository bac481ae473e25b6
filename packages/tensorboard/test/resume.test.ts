import { join } from 'node:path'
import { type Checkpoint, onStepEnd } from '@trainyard/core'
import { TensorboardLogger } from '@trainyard/tensorboard'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Options, readRows, readValues, savePoints, scratch, trainer, writerTo } from './toy.ts'

const options: Options = { maxEpochs: 3 }
const hparams = { lr: 0.1 }

/** Trains from a checkpoint, in what stands for a process of its own; dies at a step, if told. Gives its checkpoints. */
async function part(
  directory: string,
  from: Checkpoint | undefined,
  diesAt = Infinity,
): Promise<Map<number, Checkpoint>> {
  const { callback, byStep } = savePoints()
  const writer = writerTo(directory)
  const die = onStepEnd((state) => {
    if (state.step === diesAt) throw new Error('killed')
  })
  // In the order in which they run: what dies, dies before the step is logged or after, by turns.
  const logger = new TensorboardLogger(writer, { stepFreq: 2, hparams, logWeights: true })
  const run = trainer([callback, die, logger], options)
  if (from) await run.updateState(from)
  await run.train().catch((error: Error) => expect(error.message).toContain('killed'))
  writer.close()
  return byStep
}

/** Rows without times, each as text, sorted. */
function rowsOf(directory: string): string[] {
  return readValues(directory)
    .filter(({ tag }) => tag !== 'epoch_time' && !tag.startsWith('_hparams_'))
    .map(({ tag, step, data }) => JSON.stringify([tag, step, data]))
    .toSorted()
}

test('however often a run dies, and from whichever checkpoint it goes on, it has each row once, bit for bit', async () => {
  const root = scratch()
  const straight = join(root, 'straight')
  await part(straight, undefined)
  const expected = rowsOf(straight)
  expect(expected.length).toBeGreaterThan(30)
  let runs = 0
  const deaths = fc.array(fc.tuple(fc.integer({ min: 1, max: 21 }), fc.nat(3)), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(deaths, async (plan) => {
      const directory = join(root, String(runs++))
      let saved = new Map<number, Checkpoint>()
      let from: Checkpoint | undefined
      for (const [diesAt, back] of plan) {
        // It cannot die where it has been already.
        const step = Number((from?.trainer as { step: number } | undefined)?.step ?? 0)
        saved = new Map([...saved, ...(await part(directory, from, Math.max(diesAt, step + 1)))])
        // The newest checkpoint, or one before: the newer may be damaged.
        const steps = [...saved.keys()].toSorted((a, b) => a - b)
        const chosen = steps.at(-1 - back) ?? steps[0]
        // Without any it would be another run, in a directory that is not new.
        if (chosen === undefined) return
        for (const later of steps) if (later > chosen) saved.delete(later)
        from = saved.get(chosen)
      }
      await part(directory, from)
      expect(rowsOf(directory)).toEqual(expected)
      const tags = readValues(directory).map(({ tag }) => tag)
      expect(tags.filter((tag) => tag === '_hparams_/session_start_info')).toHaveLength(1)
      expect(tags.filter((tag) => tag === '_hparams_/session_end_info')).toHaveLength(1)
    }),
    { numRuns: 40 },
  )
})

test('a run that is extended has one end', async () => {
  const directory = scratch()
  const saved = await part(directory, undefined)
  options.maxEpochs = 4
  await part(directory, saved.get(21))
  options.maxEpochs = 3
  const tags = readValues(directory).map(({ tag }) => tag)
  expect(tags.filter((tag) => tag === '_hparams_/session_end_info')).toHaveLength(1)
  expect(readRows(directory).filter(([tag]) => tag === 'epoch')).toHaveLength(4)
})

test('a logger that a checkpoint does not know begins where the run goes on', async () => {
  const directory = scratch()
  const { callback, byStep } = savePoints()
  await trainer([callback], { maxSteps: 5 }).train()
  const run = trainer([new TensorboardLogger(writerTo(directory), { stepFreq: 1, logEpochs: false })], {
    maxSteps: 7,
    validate: undefined,
  })
  await run.updateState(byStep.get(5)!)
  await run.train()
  expect(readRows(directory).map(([tag, step]) => `${tag} ${step}`)).toEqual([
    'loss 6',
    'learning_rate 6',
    'loss 7',
    'learning_rate 7',
  ])
})
