// The contracts themselves: what the core has passes them, and what breaks them is found.
import {
  type Callback,
  type Checkpoint,
  EarlyStopping,
  every,
  onStepEnd,
  type StepContext,
  type Strategy,
  type TrainerState,
} from '@trainyard/core'
import { describe, expect, test } from 'vitest'
import {
  inProcessRanks,
  testCallback,
  testCheckpointer,
  testLogger,
  testModule,
  toyBatches,
  ToyModule,
} from '../src/index.ts'

describe('the toy module', () => testModule(test, { create: () => new ToyModule(), batches: toyBatches }))

describe('EarlyStopping', () =>
  testCallback(test, {
    create: () => new EarlyStopping({ monitor: 'val_loss', patience: 1 }),
    changesTraining: true,
  }))

describe('a decorated function', () =>
  testCallback(test, { create: () => onStepEnd(every(2)((state: TrainerState) => void state.step)) }))

/** Runs the tests that a contract defines; gives what each of those that failed says. */
async function problemsOf(define: (test: (name: string, body: () => void | Promise<void>) => void) => void) {
  const bodies: (readonly [string, () => void | Promise<void>])[] = []
  define((name, body) => void bodies.push([name, body]))
  const problems: string[] = []
  for (const [name, body] of bodies)
    await Promise.resolve()
      .then(body)
      .catch((error: Error) => problems.push(`${name}: ${error.message}`))
  return problems
}

test('a module that forgets its momentum is found', async () => {
  class Forgetful extends ToyModule {
    override getState() {
      return { weights: Float64Array.of(this.weight, 0) }
    }
  }
  const problems = await problemsOf((define) =>
    testModule(define, { create: () => new Forgetful(), batches: toyBatches }),
  )
  expect(problems.some((problem) => problem.startsWith('a module goes on from a state'))).toBe(true)
  expect(problems.some((problem) => problem.includes('they differ at state.weights, from byte'))).toBe(true)
})

test('a module that is another one on each rank is found', async () => {
  class Selfish extends ToyModule {
    override async optimizerStep(context: StepContext) {
      const { stop } = context
      await super.optimizerStep(context)
      this.weight *= 1 + 1e-3 * Number(stop)
      return { stop, nonFinite: false }
    }
  }
  const problems = await problemsOf((define) =>
    testModule(define, { create: () => new Selfish(), batches: toyBatches }),
  )
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(/^on two ranks .* the two ranks come to different states/)
})

test('a checkpointer that takes 9 for newer than 10, or keeps references, is found', async () => {
  const places = new Map<string, Map<string, Checkpoint>>()
  const problems = await problemsOf((define) =>
    testCheckpointer(define, {
      open(place) {
        const saved = places.get(place) ?? new Map<string, Checkpoint>()
        places.set(place, saved)
        return {
          save: (checkpoint, index) => void saved.set(String(index), checkpoint),
          load: () => saved.get([...saved.keys()].toSorted().at(-1) ?? ''),
        }
      },
    }),
  )
  expect(problems.map((problem) => problem.split(':')[0])).toEqual([
    'the newest comes back, by number and not by name',
    'what changes after it was saved is not in it',
  ])
})

test('a checkpointer that takes a stop in the middle of an epoch for what it has is found', async () => {
  const places = new Map<string, { index: number; checkpoint: Checkpoint }>()
  const problems = await problemsOf((define) =>
    testCheckpointer(define, {
      open: (place) => ({
        save(checkpoint, index) {
          if (places.get(place)?.index === index) return
          places.set(place, { index, checkpoint: structuredClone(checkpoint) })
        },
        load: () => structuredClone(places.get(place)?.checkpoint),
      }),
    }),
  )
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(/^a run that is stopped in the middle of an epoch goes on there/)
})

test('a callback that changes what is trained, or keeps what cannot be kept, is found', async () => {
  class Meddler implements Callback {
    onStepEnd({ optimizers }: TrainerState) {
      optimizers[0]!.learningRate *= 0.5
    }
    getState() {
      return { when: new Date() } as never
    }
    updateState() {}
  }
  const problems = await problemsOf((define) => testCallback(define, { create: () => new Meddler() }))
  expect(problems.join('\n')).toContain('the weights differ; they differ at state.weights')
  expect(problems.join('\n')).toContain('needs a `name`')
  expect(problems.join('\n')).toContain('state.callbacks.Meddler.when is a Date')
})

test('a logger that repeats rows after a resume, and logs on every rank, is found', async () => {
  const places = new Map<string, { name: string; step: number; value: number }[]>()
  const problems = await problemsOf((define) =>
    testLogger(define, {
      create(place) {
        const rows = places.get(place) ?? []
        places.set(place, rows)
        return {
          name: 'repeater',
          reads: ['loss', 'weight'],
          onStepEnd({ step, metrics, optimizers }) {
            if (step % 2 !== 0) return
            for (const name of ['loss', 'weight']) rows.push({ name, step, value: metrics.get(name)! })
            rows.push({ name: 'learning_rate', step, value: optimizers[0]!.learningRate })
          },
          onValidationEnd({ step, metrics }) {
            for (const name of ['val_loss', 'val_weight'])
              rows.push({ name, step, value: metrics.get(name)! })
          },
        }
      },
      read: (place) => places.get(place) ?? [],
    }),
  )
  expect(problems.map((problem) => problem.split(':')[0])).toEqual([
    'a run that dies and goes on leaves each row once',
    'only rank zero writes',
  ])
})

test('ranks that come to different collectives are told, all of them; an abort throws, or goes where it is wanted', async () => {
  const [a, b, c] = inProcessRanks(3) as [Strategy, Strategy, Strategy]
  const met = await Promise.allSettled([
    a.allReduce(new Float32Array(2)),
    b.allReduce(new Float32Array(2)),
    c.barrier(),
  ])
  for (const outcome of met)
    expect(String((outcome as PromiseRejectedResult).reason)).toBe(
      'Error: rank 2 is at a barrier, rank 0 at the sum of 2 numbers',
    )
  expect(
    await Promise.all([a, b, c].map(({ broadcast }, rank) => broadcast(Uint8Array.of(rank), 1))),
  ).toEqual(Array(3).fill(Uint8Array.of(1)))
  expect(() => a.abort(1, 'enough')).toThrow('enough')
  const reasons: string[] = []
  inProcessRanks(1, (reason) => void reasons.push(reason))[0]!.abort(1, 'enough')
  expect(reasons).toEqual(['enough'])
})
