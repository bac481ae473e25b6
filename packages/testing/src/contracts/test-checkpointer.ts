import { type Awaitable, type Checkpoint, type Checkpointer, Trainer } from '@trainyard/core'
import { type DefineTest, expect } from './define-test.ts'
import { expectSame, plainCopy } from './difference.ts'
import { toyBatches, ToyModule } from './toy-module.ts'

export interface CheckpointerContract {
  /** Opens a checkpointer on the place of that name. What one has saved there, the next one that is opened there loads. */
  readonly open: (place: string) => Awaitable<Checkpointer>
  /** Called when a test is done with a checkpointer. */
  readonly close?: (checkpointer: Checkpointer) => Awaitable<unknown>
}

/** A state with all that is hard to keep. */
function awkward(seed: number): Checkpoint {
  return {
    module: {
      weights: {
        'a/b c': { shape: [2, 3], data: Float32Array.of(seed, -0, NaN, Infinity, 1e-45, -seed) },
        ünïcode: { shape: [0], data: new Float32Array() },
        counts: Int32Array.of(-1, seed, 2 ** 31 - 1),
      },
      doubles: Float64Array.of(Math.PI, Number.MIN_VALUE, -Infinity),
      bytes: Uint8Array.of(0, 255, seed),
    },
    trainer: { step: seed, epoch: seed, batch: 0 },
    callbacks: {
      saver: { best: -0, worst: Infinity, none: null, $list: [1, 'two', { $tensor: 'no tensor' }] },
    },
  }
}

/**
 * Defines the tests that every checkpointer has to pass: what is saved with `force` comes back bit for bit, the newest of it, also as it was when it was saved;
 * and a run that is stopped and goes on with it ends like one that was not.
 *
 * ```ts
 * import { testCheckpointer } from '@trainyard/testing'
 * import { test } from 'vitest'
 *
 * testCheckpointer(test, { open: (place) => new MyCheckpointer(join(folder, place)) })
 * ```
 */
export function testCheckpointer(test: DefineTest, { open, close }: CheckpointerContract): void {
  async function using<T>(place: string, work: (checkpointer: Checkpointer) => Promise<T>): Promise<T> {
    const checkpointer = await open(place)
    try {
      return await work(checkpointer)
    } finally {
      await close?.(checkpointer)
    }
  }
  const load = (place: string): Promise<Checkpoint | undefined> =>
    using(place, async (checkpointer) => checkpointer.load())
  /** Saves as the trainer does, which loads first. */
  const save = (place: string, checkpoint: Checkpoint, index: number): Promise<void> =>
    using(place, async (checkpointer) => {
      await checkpointer.load()
      await checkpointer.save(checkpoint, index, true)
    })

  test('nothing saved is a new start', async () => {
    const checkpoint = await load('nothing')
    expect(Object.keys(checkpoint ?? {}).length === 0, 'an empty place gives a checkpoint')
  })

  test('what was saved with force comes back bit for bit', async () => {
    await save('bits', awkward(1), 1)
    expectSame(await load('bits'), plainCopy(awkward(1)), 'another checkpoint came back')
  })

  test('the newest comes back, by number and not by name', async () => {
    for (const index of [9, 10]) await save('newest', awkward(index), index)
    expectSame(await load('newest'), plainCopy(awkward(10)), 'another checkpoint came back')
  })

  test('a run that is stopped in the middle of an epoch goes on there, not from the start of the epoch', async () => {
    await using('middle', async (checkpointer) => {
      await checkpointer.load()
      await checkpointer.save(awkward(6), 5, true)
      await checkpointer.save(awkward(7), 5, true)
    })
    expectSame(await load('middle'), plainCopy(awkward(7)), 'another checkpoint came back')
  })

  test('what changes after it was saved is not in it', async () => {
    await using('changed', async (checkpointer) => {
      const checkpoint = awkward(3)
      await checkpointer.load()
      await checkpointer.save(checkpoint, 3, true)
      const { doubles } = checkpoint.module as { doubles: Float64Array }
      doubles.fill(0)
    })
    expectSame(await load('changed'), plainCopy(awkward(3)), 'another checkpoint came back')
  })

  test('the model alone is no checkpoint', async () => {
    await save('model', awkward(4), 4)
    await using('model', async (checkpointer) => {
      await checkpointer.load()
      await checkpointer.saveModel?.(awkward(5).module!, 5)
    })
    expectSame(await load('model'), plainCopy(awkward(4)), 'another checkpoint came back')
  })

  test('a run that is stopped after an epoch and goes on ends like one that was not', async () => {
    const train = async (place: string, maxEpochs: number): Promise<{ module: ToyModule; from: number }> => {
      const module = new ToyModule()
      let from = -1
      const start = { name: 'start', onActionStart: ({ epoch }: { epoch: number }) => void (from = epoch) }
      await using(place, (checkpointer) =>
        new Trainer({ module, data: toyBatches, maxEpochs, checkpointer, callbacks: [start] }).train(),
      )
      return { module, from }
    }
    await train('broken', 2)
    const resumed = await train('broken', 4)
    expect(resumed.from === 2, `it goes on after ${resumed.from} epochs, not after 2`)
    const { module } = await train('whole', 4)
    expectSame(resumed.module.getState(), module.getState(), 'the two runs end differently')
  })
}
