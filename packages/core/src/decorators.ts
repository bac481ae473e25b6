import type { Callback } from './callback.ts'
import type { EventHandlers, EventName, Handler } from './events.ts'
import type { AnyOutputs, Outputs } from './tensor.ts'

// Symbol.for: two copies of this package in one program must see the same marks.
const marks: unique symbol = Symbol.for('trainyard.handlers') as never

/** An object with methods that decorators marked, by event: the dispatcher calls them beside those named after the event. */
interface Marked {
  [marks]?: { [event: string]: (() => Handler<EventName>)[] }
}

/**
 * Makes a callback of a function, or marks a method of a class that extends `Callback`:
 *
 * ```ts
 * const print = onStepEnd((state) => console.log(state.step))
 * class Printer extends Callback { @onStepEnd line(state: TrainerState) { console.log(state.step) } }
 * ```
 */
export interface EventDecorator<E extends EventName> {
  <This extends Callback<string>, Method extends Handler<E>>(
    method: Method,
    context: ClassMethodDecoratorContext<This, Method>,
  ): void
  <O extends Outputs = AnyOutputs>(handler: Handler<E, O>): Callback<never, O>
}

/** Makes the decorator of an event; a package that adds an event makes its own with it. */
export function eventDecorator<E extends EventName>(event: E): EventDecorator<E> {
  const decorate = (handler: Handler<E>, context?: ClassMethodDecoratorContext<Marked>): unknown => {
    if (!context)
      return { name: handler.name || event, [event]: handler } satisfies EventHandlers & { name: string }
    context.addInitializer(function () {
      // Looked up on the finished object, so that a filter fits above the mark as well as below it.
      ;((this[marks] ??= {})[event] ??= []).push(() => context.access.get(this) as Handler<EventName>)
    })
    return undefined
  }
  return decorate as EventDecorator<E>
}

/** The methods of a callback that were marked for an event. */
export function markedHandlers(callback: object, event: EventName): Handler<EventName>[] {
  return ((callback as Marked)[marks]?.[event] ?? []).map((handler) => handler())
}

export const onResume: EventDecorator<'onResume'> = eventDecorator('onResume')
export const onActionStart: EventDecorator<'onActionStart'> = eventDecorator('onActionStart')
export const onEpochStart: EventDecorator<'onEpochStart'> = eventDecorator('onEpochStart')
export const onStepStart: EventDecorator<'onStepStart'> = eventDecorator('onStepStart')
export const onBatchStart: EventDecorator<'onBatchStart'> = eventDecorator('onBatchStart')
export const onBatchEnd: EventDecorator<'onBatchEnd'> = eventDecorator('onBatchEnd')
export const onStepEnd: EventDecorator<'onStepEnd'> = eventDecorator('onStepEnd')
export const onValidationStart: EventDecorator<'onValidationStart'> = eventDecorator('onValidationStart')
export const onValidationEnd: EventDecorator<'onValidationEnd'> = eventDecorator('onValidationEnd')
export const onSavePoint: EventDecorator<'onSavePoint'> = eventDecorator('onSavePoint')
export const onEpochEnd: EventDecorator<'onEpochEnd'> = eventDecorator('onEpochEnd')
export const onCheckpoint: EventDecorator<'onCheckpoint'> = eventDecorator('onCheckpoint')
export const onException: EventDecorator<'onException'> = eventDecorator('onException')
export const onActionEnd: EventDecorator<'onActionEnd'> = eventDecorator('onActionEnd')
