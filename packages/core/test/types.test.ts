// What must and what must not compile. `tsc` checks this file; each `@ts-expect-error` is an error itself where the compiler finds nothing wrong.
import { expect, test } from 'vitest'
import {
  Callback,
  EarlyStopping,
  every,
  type LogPoint,
  onStepEnd,
  ScalarLogger,
  type TensorRef,
  Trainer,
  type TrainerState,
} from '../src/index.ts'
import { batches, ToyModule, type ToyOutputs } from './toy.ts'

class Logger<const Read extends string | TensorRef = 'loss'> extends ScalarLogger<Read> {
  protected override logScalars(_scalars: ReadonlyMap<string, number>, _at: LogPoint): void {}
}

const module = new ToyModule()
const data = batches(1)
const wrong = new Logger({ tensorsToLog: ['lss'] })

test('a misspelt event does not compile', () => {
  // @ts-expect-error in a literal
  const literal: Callback = { onStpEnd() {} }
  class Tracker extends Callback {
    // @ts-expect-error in a class, where `override` is written
    override onStpEnd(): void {}
  }
  // @ts-expect-error in a list of callbacks
  void new Trainer({ module, data, maxEpochs: 1, callbacks: [{ name: 'x', onStepEnds() {} }] })
  // @ts-expect-error when it is fired
  const fire = (): unknown => new Trainer({ module, data }).emit('onStpEnd')
  expect([literal, Tracker, fire]).toHaveLength(3)
})

test('a misspelt tensor does not compile', () => {
  const callbacks = [
    new Logger({ tensorsToLog: ['loss', 'accuracy'] }),
    new Logger({ tensorsToLog: [module.tensor('accuracy')] }),
    new Logger({ tensorsToLog: [module.tensor('accuracy').uniqueName] }),
  ]
  void new Trainer({ module, data, callbacks: [...callbacks, new Logger()] })
  // @ts-expect-error in a logger
  void new Trainer({ module, data, callbacks: [new Logger({ tensorsToLog: ['lss'] })] })
  // @ts-expect-error in what a plain object reads
  void new Trainer({ module, data, callbacks: [{ reads: ['lss'] }] })
  // @ts-expect-error in a logger made before
  void new Trainer({ module, data, callbacks: [onStepEnd(() => {}), wrong] })
  // @ts-expect-error in a reference
  expect(() => module.tensor('lss')).not.toThrow()
  void new Trainer({
    module,
    data,
    callbacks: [
      {
        onStepEnd(state) {
          state.tensors.getTensor('predictions').dispose?.()
          // @ts-expect-error in a look-up
          state.tensors.getTensor('predictons')
          // @ts-expect-error in a read
          void state.tensors.read('predictons')
        },
      },
    ],
  })
  // @ts-expect-error in predict()
  const predict = (): unknown => new Trainer({ module, data }).predict(data, 'predictons')
  expect(predict).toBeTypeOf('function')
})

test('a misspelt metric does not compile', () => {
  const validate = { data }
  void new Trainer({
    module,
    data,
    validate,
    callbacks: [new EarlyStopping(), new EarlyStopping({ monitor: 'val_accuracy' })],
  })
  // @ts-expect-error in a monitor
  void new Trainer({ module, data, validate, callbacks: [new EarlyStopping({ monitor: 'val_acuracy' })] })
  // @ts-expect-error in a result
  const result = async (): Promise<unknown> => (await new Trainer({ module, data }).evaluate(data)).acuracy
  expect(result).toBeTypeOf('function')
})

test('the state is typed, and what the loop counts is read-only', () => {
  const read = onStepEnd((state) => {
    const step: number = state.step
    // @ts-expect-error the loop alone counts
    state.step = 3
    // @ts-expect-error no such key
    void state.stp
    return step
  })
  class Wrong extends Callback {
    // @ts-expect-error a method that does not take the state
    @onStepEnd method(state: string): void {
      void state
    }
  }
  class Right extends Callback<'loss'> {
    @onStepEnd @every(2) method(state: TrainerState): void {
      void state
    }
    @onStepEnd nothing(): void {}
  }
  expect([read, Wrong, Right]).toHaveLength(3)
})

test('options that exclude each other or do not exist do not compile', () => {
  const both = (): unknown =>
    new Trainer({
      module,
      data,
      // @ts-expect-error both epochs and steps
      validate: { data, every: { epochs: 1, steps: 2 } },
    })
  expect(both).toThrow('`validate.every` must be { epochs: n } or { steps: n }')
  // @ts-expect-error a misspelt option
  void new Trainer({ module, data, maxEpoch: 3 })
  // @ts-expect-error batches of another kind
  void new Trainer({ module, data: [{ x: 'text' }] })
})

test('a tensor keeps its type', () => {
  const predictions: TensorRef<ToyOutputs['predictions']> = module.tensor('predictions')
  const look = onStepEnd(({ tensors }) => void tensors.getTensor(predictions).shape)
  expect(look).toHaveProperty('onStepEnd')
})
