import { disposeOutputs } from './dispose-outputs.ts'
import {
  type ModuleState,
  single,
  type StepResult,
  type Strategy,
  Trainer,
  type TrainingModule,
} from '@trainyard/core'
import { type DefineTest, expect, failureOf } from './define-test.ts'
import { difference, expectSame, plainCopy } from './difference.ts'
import { inProcessRanks } from './in-process-ranks.ts'

export interface ModuleContract<Batch> {
  /** Makes a module; all that it makes have to begin with the same weights. */
  readonly create: () => TrainingModule<Batch> | Promise<TrainingModule<Batch>>
  /** At least four batches to train on, no two alike. */
  readonly batches: readonly Batch[]
}

/**
 * Defines the tests that every training module has to pass: outputs, steps, exact states, evaluation that changes nothing, two ranks if it reduces at all, and
 * runs that are stopped in the middle of an epoch and go on.
 *
 * ```ts
 * import { testModule } from '@trainyard/testing'
 * import { test } from 'vitest'
 *
 * testModule(test, { create: () => myModule(), batches })
 * ```
 */
export function testModule<Batch>(test: DefineTest, { create, batches }: ModuleContract<Batch>): void {
  const position = (step: number): { step: number; epoch: number; batch: number; rank: number } => ({
    step,
    epoch: 0,
    batch: step,
    rank: 0,
  })

  async function trainBatch(module: TrainingModule<Batch>, step: number): Promise<number> {
    const { outputs, examples } = await module.trainBatch(batches[step % batches.length]!, position(step))
    disposeOutputs(outputs)
    return examples
  }

  /** Trains steps `from` to `to`, each of one batch. */
  async function train(module: TrainingModule<Batch>, from: number, to: number): Promise<void> {
    for (let step = from; step < to; step++) {
      const examples = await trainBatch(module, step)
      const wishes = { stop: false, nonFinite: 'throw', strategy: single() } as const
      await module.optimizerStep({ step, epoch: 0, batches: 1, examples, ...wishes })
    }
  }

  test('every batch gives a loss among named outputs, which have references', async () => {
    const module = await create()
    const { outputs, examples } = await module.trainBatch(batches[0]!, position(0))
    expect('loss' in outputs, 'there is no `loss` among the outputs')
    expect(examples > 0, `a batch has ${examples} examples`)
    for (const name of Object.keys(outputs)) {
      const ref = module.tensor(name)
      expect(ref === module.tensor(name), `tensor("${name}") gives another reference at each call`)
      expect(ref.uniqueName, `the reference to "${name}" has no unique name`)
    }
    disposeOutputs(outputs)
    module.dropGradients?.()
  })

  test('a step changes the state', async () => {
    const module = await create()
    const before = plainCopy(await module.getState())
    await train(module, 0, 1)
    expect(difference(before, await module.getState()), 'the state is the same after a step')
  })

  test('two modules that are made alike train to the same bits', async () => {
    const [one, other] = [await create(), await create()]
    expectSame(await one.getState(), await other.getState(), 'two new modules have different states')
    await train(one, 0, 3)
    await train(other, 0, 3)
    expectSame(await one.getState(), await other.getState(), 'two modules come to different states')
  })

  test('a state is plain, and a copy', async () => {
    const module = await create()
    await train(module, 0, 1)
    const state = await module.getState()
    const kept = plainCopy(state)
    await train(module, 1, 3)
    expectSame(state, kept, 'a state changes when the module goes on')
  })

  test('a module goes on from a state as if it had never stopped', async () => {
    const whole = await create()
    const states: ModuleState[] = []
    for (let step = 0; step < 4; step++) {
      states.push(plainCopy(await whole.getState()))
      await train(whole, step, step + 1)
    }
    const end = await whole.getState()
    for (const [step, state] of states.entries()) {
      const resumed = await create()
      await resumed.updateState(state)
      expectSame(await resumed.getState(), state, `the state of step ${step} is not what was taken over`)
      await train(resumed, step, 4)
      expectSame(await resumed.getState(), end, `resumed at step ${step} it comes to another state`)
    }
  })

  test('a state of something else is refused, and changes nothing', async () => {
    const module = await create()
    await train(module, 0, 1)
    const before = plainCopy(await module.getState())
    const foreign = { something: { else: Float32Array.of(1) } }
    const { message } = await failureOf(() => module.updateState(foreign), 'it takes any state over')
    expect(message, 'the error says nothing')
    expectSame(await module.getState(), before, 'the state has changed all the same')
  })

  test('evaluating and predicting change nothing', async () => {
    const [module, untouched] = [await create(), await create()]
    await train(module, 0, 1)
    await train(untouched, 0, 1)
    for (const method of ['evalBatch', 'predictBatch'] as const)
      if (module[method]) disposeOutputs((await module[method](batches[1]!, position(1))).outputs)
    await train(module, 1, 2)
    await train(untouched, 1, 2)
    expectSame(await module.getState(), await untouched.getState(), 'an evaluated module trains differently')
  })

  test('gradients that are dropped leave no trace', async () => {
    const [module, untouched] = [await create(), await create()]
    if (!module.dropGradients) return
    const before = plainCopy(await module.getState())
    await trainBatch(module, 1)
    module.dropGradients()
    await module.updateState(before) // for what a forward pass changes besides, such as moving means
    await train(module, 0, 2)
    await train(untouched, 0, 2)
    expectSame(await module.getState(), await untouched.getState(), 'the next step is another one')
  })

  test('on two ranks both come to the same state, and know of each other that one is to stop', async () => {
    let reduces = false
    const ranks = inProcessRanks(2).map((strategy): Strategy => ({
      ...strategy,
      allReduce(...call) {
        reduces = true
        return strategy.allReduce(...call)
      },
    }))
    const modules = [await create(), await create()]
    const step = (index: number): Promise<StepResult | void>[] =>
      modules.map(async (module, rank) => {
        const batch = batches[(2 * index + rank) % batches.length]!
        const { outputs, examples } = await module.trainBatch(batch, { ...position(index), rank })
        disposeOutputs(outputs)
        const wishes = {
          stop: index === 1 && rank === 1,
          nonFinite: 'throw',
          strategy: ranks[rank]!,
        } as const
        return module.optimizerStep({ step: index, epoch: 0, batches: 1, examples, ...wishes })
      })
    await Promise.all(step(0))
    const results = await Promise.all(step(1))
    if (!reduces) return // it is for a single process
    const [one, other] = await Promise.all(modules.map((module) => module.getState()))
    expectSame(one, other, 'the two ranks come to different states')
    expect(
      results.every((result) => result?.stop),
      'a rank is not told that the other one is to stop',
    )
  })

  test('a run that is stopped at any step and goes on ends like one that was not', async () => {
    const steps = batches.length + 2
    const run = async (module: TrainingModule<Batch>, maxSteps: number): Promise<Trainer<Batch>> =>
      new Trainer<Batch>({ module, data: batches, maxSteps })
    const whole = await create()
    await (await run(whole, steps)).train()
    for (let stop = 1; stop < steps; stop++) {
      const first = await run(await create(), stop)
      await first.train()
      const checkpoint = plainCopy(await first.getState())
      const module = await create()
      const second = await run(module, steps)
      await second.updateState(checkpoint)
      await second.train()
      expectSame(
        await module.getState(),
        await whole.getState(),
        `stopped at step ${stop} it ends differently`,
      )
    }
  })
}
