// What the trainer's loop itself costs: microseconds a step over a bare hand-written loop on the same module,
// which does nothing.
import { type StepContext, single, TensorRefs, Trainer, type TrainingModule } from '@trainyard/core'
import { below, quick, report, say } from './harness/figures.ts'
import { difference, estimateText, interleave, median, ratio } from './harness/timing.ts'
import { eightCallbacks } from './loop/eight-callbacks.ts'

const settings = {
  blocks: quick ? 3 : 100,
  warmUp: quick ? 1 : 10,
  steps: quick ? 10_000 : 100_000, // a block is one epoch
  maxSeconds: 60,
  bar: 1, // µs a step
}

/**
 * Does nothing that takes time, but what a compiler cannot leave out either; its outputs are new objects, as
 * those of any module.
 */
class IdleModule implements TrainingModule<number, { loss: number }> {
  readonly optimizers = []
  readonly #refs = new TensorRefs()
  sum = 0
  steps = 0

  trainBatch(batch: number): { outputs: { loss: number }; examples: number } {
    this.sum += batch
    return { outputs: { loss: this.sum }, examples: 64 }
  }

  optimizerStep({ batches }: StepContext): void {
    this.steps += batches
  }

  tensor(name: 'loss') {
    return this.#refs.get(name)
  }

  getState() {
    return {}
  }

  updateState(): void {}
}

const module = new IdleModule()
const data = Array.from({ length: settings.steps }, (_, i) => i % 7)
const strategy = single()
const trained = async (trainer: Trainer<number, { loss: number }>): Promise<void> => {
  const { step } = await trainer.train()
  if (step !== settings.steps) throw new Error(`did ${step} steps instead of ${settings.steps}`)
}

const times = await interleave(
  {
    // What one writes by hand: the two calls of the module, with the contexts that their types ask for.
    bare() {
      let step = 0
      let loss = 0
      for (const batch of data) {
        const { outputs, examples } = module.trainBatch(batch)
        module.optimizerStep({
          step,
          epoch: 0,
          batches: 1,
          examples,
          stop: false,
          nonFinite: 'throw',
          strategy,
        })
        loss = outputs.loss
        step += 1
      }
      return loss
    },
    trainer: () => trained(new Trainer({ module, data, maxEpochs: 1 })),
    callbacks: () => trained(new Trainer({ module, data, maxEpochs: 1, callbacks: eightCallbacks() })),
  },
  settings,
)

const { bare, trainer, callbacks } = times
const trainerCost = difference(trainer, bare)
const callbacksCost = difference(callbacks, bare)
const onlyCallbacks = difference(callbacks, trainer)
say(`CPU time in µs a step, median and 95 % interval over ${bare.length} rounds of ${settings.steps} steps`)
for (const [name, values] of Object.entries(times))
  say(`${name.padEnd(10)} median ${median(values).toFixed(4)}, least ${Math.min(...values).toFixed(4)}`)
say(`trainer over bare loop                  ${estimateText(trainerCost)}`)
say(`trainer with 8 callbacks over bare loop ${estimateText(callbacksCost)}`)
say(`8 callbacks over none                   ${estimateText(onlyCallbacks)}`)
say('For comparison: PyTorch Lightning 2.6.6 takes 325 µs a step where the bare PyTorch loop takes 57.')

const unit = 'µs/step'
const against = 'bare loop'
report('loop', { figure: 'bare loop', value: median(bare), unit })
report('loop', {
  figure: 'trainer',
  value: median(trainer),
  unit,
  ratio: ratio(trainer, bare).value,
  against,
})
report('loop', {
  figure: 'trainer, cost over the bare loop',
  value: trainerCost.value,
  unit,
})
report('loop', {
  figure: 'trainer with 8 callbacks',
  value: median(callbacks),
  unit,
  ratio: ratio(callbacks, bare).value,
  against,
})
report('loop', {
  figure: 'trainer with 8 callbacks, cost over the bare loop',
  value: callbacksCost.value,
  unit,
  bar: below(settings.bar, 'µs', callbacksCost.value),
})
report('loop', { figure: '8 callbacks, cost over none', value: onlyCallbacks.value, unit })
