import { type Awaitable, type Callback, Trainer } from '@trainyard/core'
import { type DefineTest, expect, failureOf } from './define-test.ts'
import { expectSame, plainCopy } from './difference.ts'
import { quietHost } from './quiet-host.ts'
import { inProcessRanks, shardsOf } from './in-process-ranks.ts'
import { toyBatches, ToyModule, type ToyOutputs } from './toy-module.ts'

export type AnyCallback = Callback<string>

/** A trainer of the toy module. */
export type ToyTrainer = Trainer<number, ToyOutputs>

export interface CallbackContract {
  /** Makes a callback for a run of the toy module, whose outputs are `loss` and `weight`; `place` is a name that differs for each run, for folders. */
  readonly create: (place: string) => Awaitable<AnyCallback>
  /** Called with each trainer before it runs, for callbacks that have to be set up with one. */
  readonly setup?: (trainer: ToyTrainer, place: string, isResumed: boolean) => Awaitable<unknown>
  /** Whether it is meant to change what is trained, as one that freezes layers is. Default: false. */
  readonly changesTraining?: boolean
}

/**
 * Defines the tests that every callback has to pass: it goes through all actions, changes nothing that it is not meant to, keeps a plain state under a name of
 * its own, goes on from it, passes on the run's errors, and does no harm on other ranks.
 *
 * ```ts
 * import { testCallback } from '@trainyard/testing'
 * import { test } from 'vitest'
 *
 * testCallback(test, { create: () => new MyCallback() })
 * ```
 */
export function testCallback(test: DefineTest, { create, setup, changesTraining }: CallbackContract): void {
  const plain = (maxSteps: number, module: ToyModule, callbacks: AnyCallback[]): ToyTrainer =>
    new Trainer<number, ToyOutputs>({
      module,
      data: toyBatches,
      validate: { data: toyBatches.slice(0, 2) },
      maxSteps,
      host: quietHost(),
      callbacks: callbacks as never,
    })

  /** Makes a trainer of the toy module with a new callback. */
  async function trainerOf(
    place: string,
    maxSteps: number,
    { module = new ToyModule(), isResumed = false } = {},
  ): Promise<{ trainer: ToyTrainer; callback: AnyCallback }> {
    const callback = await create(place)
    const trainer = plain(maxSteps, module, [callback])
    await setup?.(trainer, place, isResumed)
    return { trainer, callback }
  }

  test('it goes through training, evaluation and prediction', async () => {
    const { trainer } = await trainerOf('all actions', 8)
    const { step } = await trainer.train()
    expect(step === 8 || changesTraining, `the run ended at step ${step}, not at step 8`)
    await trainer.evaluate(toyBatches)
    await trainer.predict(toyBatches)
  })

  test('a run with it is the same as one without', async () => {
    if (changesTraining) return
    const [watched, alone] = [new ToyModule(), new ToyModule()]
    await (await trainerOf('watched', 8, { module: watched })).trainer.train()
    await plain(8, alone, []).train()
    expectSame(watched.getState(), alone.getState(), 'the weights differ')
  })

  test('its state is plain, and kept under a name that no minifier changes', async () => {
    const { trainer, callback } = await trainerOf('plain state', 8)
    await trainer.train()
    if (!callback.getState) return
    expect(callback.name, 'it keeps a state and needs a `name` for it')
    plainCopy(await callback.getState())
  })

  test('it goes on from its state', async () => {
    const first = await trainerOf('going on', 4)
    await first.trainer.train()
    const checkpoint = plainCopy(await first.trainer.getState())
    const second = await trainerOf('going on', 8, { isResumed: true })
    await second.trainer.updateState(checkpoint)
    const { step } = await second.trainer.train()
    expect(step === 8 || changesTraining, `the run ended at step ${step}, not at step 8`)
  })

  test('an error of the run comes through, and it lets go of everything', async () => {
    const problem = new Error('no such example')
    const module = new ToyModule({
      loss: (step, loss) => {
        if (step === 3) throw problem
        return loss
      },
    })
    const { trainer } = await trainerOf('error', 8, { module })
    const found = await failureOf(() => trainer.train(), 'the run did not fail')
    expect(found === problem, `another error came out: ${found.message}`)
  })

  test('on two ranks both end at the same step', async () => {
    const runs = inProcessRanks(2).map(async (strategy, rank) => {
      const trainer = new Trainer<number, ToyOutputs>({
        module: new ToyModule(),
        data: shardsOf(toyBatches),
        validate: { data: shardsOf(toyBatches) },
        host: quietHost(),
        maxSteps: 6,
        strategy,
        callbacks: [await create('two ranks')] as never,
      })
      if (rank === 0) await setup?.(trainer, 'two ranks', false)
      return trainer.train()
    })
    const [one, other] = await Promise.all(runs)
    expect(one!.step === other!.step, `they end at steps ${one!.step} and ${other!.step}`)
  })
}
