import { type Awaitable, type Checkpoint, every, onStepEnd, Trainer } from '@trainyard/core'
import { type AnyCallback, testCallback, type ToyTrainer } from './test-callback.ts'
import { type DefineTest, expect, failureOf } from './define-test.ts'
import { expectSame, plainCopy } from './difference.ts'
import { quietHost } from './quiet-host.ts'
import { inProcessRanks, shardsOf } from './in-process-ranks.ts'
import { toyBatches, ToyModule, type ToyModuleOptions, type ToyOutputs } from './toy-module.ts'

/** A number that was logged. */
export interface LoggedScalar {
  readonly name: string
  readonly step: number
  readonly value: number
}

export interface LoggerContract {
  /** Makes a logger that writes the outputs `loss` and `weight` every two steps to the place of that name. */
  readonly create: (place: string) => Awaitable<AnyCallback>
  /** Called with each trainer before it runs, for loggers that have to be set up with one. */
  readonly setup?: (trainer: ToyTrainer, place: string, isResumed: boolean) => Awaitable<unknown>
  /** Reads what is in the place, in the order in which it was logged; an empty list if nothing is there. Called when the run is over. */
  readonly read: (place: string) => Awaitable<readonly LoggedScalar[]>
}

const names = new Set(['loss', 'weight', 'learning_rate', 'val_loss', 'val_weight'])

/**
 * Defines the tests that every logger of scalars has to pass, those of a callback among them: it logs what it was told when it was told, each row once whatever happens
 * to the run, on rank zero alone, and what a run logged before an error is there.
 *
 * ```ts
 * import { testLogger } from '@trainyard/testing'
 * import { test } from 'vitest'
 *
 * const options = { tensorsToLog: ['loss', 'weight'], stepFreq: 2 } as const
 * testLogger(test, { create: (place) => new MyLogger(join(folder, place), options), read: (place) => rowsIn(join(folder, place)) })
 * ```
 */
export function testLogger(test: DefineTest, { create, setup, read }: LoggerContract): void {
  async function trainerOf(
    place: string,
    {
      isResumed = false,
      others = [] as AnyCallback[],
      ...module
    }: ToyModuleOptions & {
      isResumed?: boolean
      others?: AnyCallback[]
    } = {},
  ): Promise<ToyTrainer> {
    const trainer = new Trainer<number, ToyOutputs>({
      module: new ToyModule(module),
      data: toyBatches,
      validate: { data: toyBatches.slice(0, 2) },
      nonFinite: 'apply',
      maxEpochs: 2,
      host: quietHost(),
      callbacks: [...others, await create(place)] as never,
    })
    await setup?.(trainer, place, isResumed)
    return trainer
  }

  /** The rows that do not depend on the clock. */
  const rows = async (place: string): Promise<LoggedScalar[]> =>
    [...(await read(place))].filter(({ name }) => names.has(name))
  const steps = (found: readonly LoggedScalar[], name: string): number[] =>
    found.filter((row) => row.name === name).map(({ step }) => step)

  testCallback(test, { create, ...(setup && { setup }) })

  test('it logs what it was told to, at the steps that it was told, the learning rate, and validation', async () => {
    await (await trainerOf('whole')).train()
    const found = await rows('whole')
    for (const name of ['loss', 'weight', 'learning_rate'])
      expectSame(steps(found, name), [2, 4, 6, 8, 10, 12], `the steps of ${name}`)
    for (const name of ['val_loss', 'val_weight'])
      expectSame(steps(found, name), [6, 12], `the steps of ${name}`)
    const rates = found.filter(({ name }) => name === 'learning_rate').map(({ value }) => Math.fround(value))
    expect(
      rates.every((rate) => rate === Math.fround(0.02)),
      `the learning rates are ${rates.join(', ')}`,
    )
  })

  test('a run that dies and goes on leaves each row once', async () => {
    await (await trainerOf('straight')).train()
    let checkpoint: Checkpoint | undefined
    const keep = onStepEnd(
      every(5)(async (state, trainer) => {
        if (state.step === 5) checkpoint = plainCopy(await trainer.getState())
      }),
    ) as AnyCallback
    const dying = await trainerOf('dying', {
      others: [keep],
      loss: (step, loss) => {
        if (step === 9) throw new Error('the plug was pulled')
        return loss
      },
    })
    await failureOf(() => dying.train(), 'the run did not fail')
    const resumed = await trainerOf('dying', { isResumed: true })
    await resumed.updateState(checkpoint!)
    await resumed.train()
    expectSame(await rows('dying'), await rows('straight'), 'the rows of the two runs differ')
  })

  test('what was logged before an error is there', async () => {
    const failing = await trainerOf('failing', {
      loss: (step, loss) => {
        if (step === 9) throw new Error('no such example')
        return loss
      },
    })
    await failureOf(() => failing.train(), 'the run did not fail')
    expectSame(steps(await rows('failing'), 'weight'), [2, 4, 6, 8], 'the steps that were logged')
  })

  test('NaN and infinities are logged or left out, and do not end the run', async () => {
    const losses = [NaN, Infinity, -Infinity, NaN]
    const trainer = await trainerOf('not finite', { loss: (step, loss) => losses[step] ?? loss })
    const { step } = await trainer.train()
    expect(step === 12, `the run ended at step ${step}`)
  })

  test('only rank zero writes', async () => {
    const runs = inProcessRanks(2).map(async (strategy, rank) => {
      const place = `rank ${rank}`
      const trainer = new Trainer<number, ToyOutputs>({
        module: new ToyModule(),
        data: shardsOf(toyBatches),
        validate: { data: shardsOf(toyBatches) },
        host: quietHost(),
        maxEpochs: 2,
        strategy,
        callbacks: [await create(place)] as never,
      })
      if (rank === 0) await setup?.(trainer, place, false)
      return trainer.train()
    })
    await Promise.all(runs)
    expectSame(steps(await rows('rank 0'), 'loss'), [2, 4, 6], 'the steps of rank zero')
    expect((await rows('rank 1')).length === 0, 'rank one has written, too')
  })
}
