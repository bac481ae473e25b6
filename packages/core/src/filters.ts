import type { EventName } from './events.ts'
import { wholeNumber } from './options.ts'
import type { TrainerState } from './state.ts'

/**
 * Narrows a handler to some of its calls. One shape fits functions and methods: `onStepEnd(every(150)(fn))` and `@onStepEnd @every(150) method(state) {…}`.
 */
export interface Filter {
  <This, Args extends [state: TrainerState, ...unknown[]] | []>(
    handler: (this: This, ...args: Args) => unknown,
    context?: ClassMethodDecoratorContext<This>,
  ): (this: This, ...args: Args) => unknown
}

type Count = 'step' | 'epoch' | 'batch'
type AnyHandler = (this: unknown, state: TrainerState, ...rest: unknown[]) => unknown

/** Set on what a filter returns: makes the handler for a given event, so that the filter counts in that event's unit. */
const forEvent: unique symbol = Symbol.for('trainyard.forEvent') as never
type Filtered = AnyHandler & { [forEvent]?: (event: EventName) => AnyHandler }

/** Lets every `n`th through, counted in what the event is about: steps, batches or epochs done. */
export function every(n: number): Filter {
  wholeNumber('every(n)', n, 1)
  return filter((state, unit) => state[unit] % n === 0)
}

/** Lets none of the first `n` through, counted as `every` counts. */
export function after(n: number): Filter {
  wholeNumber('after(n)', n, 0)
  return filter((state, unit) => state[unit] > n)
}

/** Runs the handler in one process only, where several train together. */
export const onRankZero: Filter = filter((state) => !state.globalRank)

function filter(passes: (state: TrainerState, unit: Count) => boolean): Filter {
  const wrap = (handler: Filtered): Filtered => {
    const bind = (event: EventName): AnyHandler => {
      const inner = boundTo(event, handler)
      const unit = unitOf(event)
      return function (state, ...rest) {
        return passes(state, unit) ? inner.call(this, state, ...rest) : undefined
      }
    }
    const wrapped: Filtered = Object.assign(bind('onStepEnd'), { [forEvent]: bind })
    return Object.defineProperty(wrapped, 'name', { value: handler.name })
  }
  return wrap as unknown as Filter
}

function unitOf(event: EventName): Count {
  return event.startsWith('onBatch') ? 'batch' : event.startsWith('onEpoch') ? 'epoch' : 'step'
}

/** Gives the handler as it is to run for an event. */
export function boundTo(event: EventName, handler: AnyHandler): AnyHandler {
  return (handler as Filtered)[forEvent]?.(event) ?? handler
}
