import { wholeNumber } from './options.ts'
import type { TrainerState } from './state.ts'
import type { TrainerHandle } from './trainer-handle.ts'

/**
 * Narrows a handler to some of its calls. One shape fits functions and methods: `onStepEnd(every(150)(fn))` and `@onStepEnd @every(150) method(state) {…}`.
 */
export interface Filter {
  <F extends (this: never, state: TrainerState, trainer: TrainerHandle) => unknown>(
    handler: F,
    context?: ClassMethodDecoratorContext<never>,
  ): F
  /** For handlers of events with a detail: write its type. */
  <F extends (this: never, state: TrainerState, ...rest: never[]) => unknown>(
    handler: F,
    context?: ClassMethodDecoratorContext<never>,
  ): F
}

/** Lets every `n`th through, counted in what the event is about: batches, epochs or validations done, and for all others steps. */
export function every(n: number): Filter {
  wholeNumber('every(n)', n, 1)
  return filter((count) => count % n === 0)
}

/** Lets none of the first `n` through, counted as `every` counts. */
export function after(n: number): Filter {
  wholeNumber('after(n)', n, 0)
  return filter((count) => count > n)
}

/** Runs the handler in one process only, where several train together. */
export const onRankZero: Filter = filter((_count, state) => !state.globalRank)

function filter(passes: (count: number, state: TrainerState) => boolean): Filter {
  return ((handler: (...args: unknown[]) => unknown) =>
    // The dispatcher passes the name of the event last; called by hand, there is none.
    function (this: unknown, state: TrainerState, second: unknown, third: unknown, event = 'onStepEnd') {
      const count = event.startsWith('onBatch')
        ? state.batch
        : event.startsWith('onEpoch')
          ? state.epoch
          : event.startsWith('onValidation')
            ? state.validations
            : state.step
      return passes(count, state) ? handler.call(this, state, second, third, event) : undefined
    }) as unknown as Filter
}
