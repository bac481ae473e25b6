import { expect, test } from 'vitest'
import {
  type BatchContext,
  type Callback,
  type Checkpoint,
  Trainer,
  type TrainerState,
  type ValidateEvery,
} from '../src/index.ts'
import { batches, FakeHost, type ToyBatch, ToyModule, type ToyOutputs } from './toy.ts'

/** A run of 6 steps in 2 epochs, validated on 2 batches, that is sent a signal at its `cutAt`th batch of validation. */
function run(
  every: ValidateEvery,
  { cutAt, maxSteps }: { cutAt?: number; maxSteps?: number | undefined } = {},
) {
  const host = new FakeHost()
  const log: string[] = []
  const write = (event: string) => (s: TrainerState) =>
    void log.push(
      `${event} ${s.epoch}/${s.step} ${s.validations} ${s.metrics.get('val_loss')?.toFixed(6)}${s.isValidationDue ? ' due' : ''}`,
    )
  let validated = 0
  class Module extends ToyModule {
    override evalBatch(batch: ToyBatch, context: BatchContext) {
      if (++validated === cutAt) host.signal('SIGTERM', 143)
      return super.evalBatch(batch, context)
    }
  }
  const look: Callback = {
    onStepEnd: write('step'),
    onValidationEnd: write('validated'),
    onSavePoint: write('save'),
    onEpochEnd: write('epoch'),
  }
  const trainer = new Trainer<ToyBatch, ToyOutputs>({
    module: new Module(),
    data: batches(1, 2, 3),
    validate: { data: batches(2, 1), every },
    maxEpochs: 2,
    maxSteps,
    host,
    callbacks: [look],
  })
  return { trainer, log }
}

const cases: [text: string, every: ValidateEvery, maxSteps?: number][] = [
  ['every epoch', { epochs: 1 }],
  ['every second epoch', { epochs: 2 }],
  ['every step', { steps: 1 }],
  ['every 2 steps', { steps: 2 }],
  ['every 3 steps, which are an epoch', { steps: 3 }],
  ['every epoch, with the last step allowed at its end', { epochs: 1 }, 3],
  ['every 2 steps, with the last step allowed in the middle', { steps: 2 }, 4],
]

test.each(cases)(
  'a signal leaves a validation %s, and the next run begins with it',
  async (_, every, maxSteps) => {
    const whole = run(every, { maxSteps })
    const result = await whole.trainer.train()
    const isDone = (line: string): boolean => !line.endsWith(' due')
    const validations = whole.log.filter((line) => line.startsWith('validated')).length
    for (let cutAt = 1; cutAt < 2 * validations; cutAt += 2) {
      const cut = run(every, { cutAt, maxSteps })
      expect(await cut.trainer.train()).toMatchObject({ reason: 'signal' })
      // One save point, the last of the run, which tells that there is no score yet.
      expect(cut.log.filter((line) => !isDone(line))).toHaveLength(1)
      expect(cut.log.at(-1)).toMatch(/^save .* due$/)
      const saved = structuredClone(await cut.trainer.getState())

      const next = run(every, { maxSteps })
      await next.trainer.updateState(saved as Checkpoint)
      expect(await next.trainer.train()).toEqual(result)
      expect([...cut.log.slice(0, -1), ...next.log]).toEqual(whole.log)
      expect(await next.trainer.module.getState()).toEqual(await whole.trainer.module.getState())
    }
  },
)

test('the same trainer goes on with the validation that a signal cut short, even after several signals', async () => {
  const whole = run({ epochs: 1 })
  await whole.trainer.train()
  const { trainer, log } = run({ epochs: 1 }, { cutAt: 1 })
  await trainer.train()
  await trainer.train()
  expect(log.filter((line) => !line.endsWith(' due'))).toEqual(whole.log)
})
