import { readFileSync } from 'node:fs'
import { onStepEnd } from '@trainyard/core'
import { WandbLogger } from '@trainyard/wandb'
import { array, assert, asyncProperty, integer, nat, oneof } from 'fast-check'
import { expect, it } from 'vitest'
import { readWandbFile, valuesOf } from './independent-reader.ts'
import { atStep, newFolder, train } from './toy.ts'

it('writes files that an independent reader understands', async () => {
  const logger = new WandbLogger({
    id: 'run',
    wandbName: 'Ünö',
    wandbProject: 'toys',
    tags: ['a', 'b'],
    config: { lr: 0.1 },
    mode: 'offline',
    dir: newFolder(),
    stepFreq: 5,
    console: true,
    env: {},
  })
  const log = atStep(5, () => {
    logger.log({ nan: NaN, text: '€ "x"' })
    process.stdout.write('printed\n')
  })
  await train([log, logger])
  const records = readWandbFile(readFileSync(logger.file!))
  expect(records.map(({ num }) => num)).toEqual(records.map((_, i) => i + 1))
  expect(records.map(({ recordType }) => recordType)).toEqual([
    'header',
    'run',
    'outputRaw',
    'history',
    'history',
    'summary',
    'exit',
    'final',
  ])
  const [, { run } = {}, { outputRaw } = {}, { history } = {}] = records
  expect(run).toMatchObject({ runId: 'run', project: 'toys', displayName: 'Ünö', tags: ['a', 'b'] })
  expect(valuesOf(run!.config.update)).toEqual({ lr: 0.1 })
  expect(outputRaw).toMatchObject({ outputType: 1, line: 'printed\n' })
  expect(history!.step.num).toBe(5)
  expect(valuesOf(history!.item)).toMatchObject({ nan: 'NaN', text: '€ "x"', loss: 0.2, _step: 5 })
  expect(records.at(-2)!.exit!.exitCode).toBe(0)
})

it('cuts records of any length at the borders of blocks', async () => {
  // Lengths around those at which a chunk ends near a border, and any others.
  const length = oneof(integer({ min: 0, max: 200 }), integer({ min: 32_500, max: 32_768 }), nat(150_000))
  await assert(
    asyncProperty(array(length, { minLength: 1, maxLength: 12 }), async (lengths) => {
      const logger = new WandbLogger({
        mode: 'offline',
        dir: newFolder(),
        stepFreq: 1000,
        logEpochs: false,
        env: {},
      })
      const log = onStepEnd((state) => logger.log({ text: 'x'.repeat(lengths[state.step - 1]!) }))
      await train([log, logger], { data: lengths })
      const rows = readWandbFile(readFileSync(logger.file!)).flatMap(({ history }) =>
        history ? [history] : [],
      )
      expect(rows.map(({ item }) => (valuesOf(item)['text'] as string).length)).toEqual(lengths)
    }),
    { numRuns: 60 },
  )
})

it('leaves a file that is whole at any moment', async () => {
  const logger = new WandbLogger({ mode: 'offline', dir: newFolder(), stepFreq: 1, env: {} })
  const look = atStep(8, async () => {
    logger.log({ underWay: 1 })
    // Rows wait for a quarter of a second at most.
    const seen = (): boolean =>
      readWandbFile(readFileSync(logger.file!)).some(
        ({ history }) => history && 'underWay' in valuesOf(history.item),
      )
    while (!seen()) await new Promise((next) => setTimeout(next, 5))
  })
  await train([look, logger])
  const steps = readWandbFile(readFileSync(logger.file!)).flatMap(({ history }) => history?.step.num ?? [])
  expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})
