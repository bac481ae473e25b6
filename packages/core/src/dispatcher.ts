import { isPromise } from './awaitable.ts'
import { type Callback, nameOf } from './callback.ts'
import { markedHandlers } from './decorators.ts'
import { fail, toError } from './errors.ts'
import type { EventName } from './events.ts'
import type { TrainerState } from './state.ts'
import type { TrainerHandle } from './trainer-handle.ts'

/** One handler, ready to call. */
interface Entry {
  readonly owner: string
  readonly self: object
  readonly call: (state: TrainerState, second: unknown, third: unknown, event: EventName) => unknown
  /** At every so many steps. */
  readonly every: number
}

/** Fires one event; gives a promise only when a handler did. */
export type Fire = () => Promise<void> | undefined

/** Calls the handlers of events. The list of each event is made once a run, so that firing is a loop over functions. */
export interface Dispatcher {
  /** Gives the function that fires an event of the hot loop. */
  compile(event: EventName): Fire
  fire(event: EventName, ...detail: unknown[]): Promise<void> | undefined
  /** Fires an event on one callback alone, given by its place in the list. */
  fireOn(index: number, event: EventName, ...detail: unknown[]): Promise<void>
}

export function createDispatcher(
  callbacks: readonly Callback<string>[],
  state: TrainerState,
  trainer: TrainerHandle,
): Dispatcher {
  const lists = new Map<EventName, Entry[][]>()

  /** The handlers of each callback. */
  const listsOf = (event: EventName): Entry[][] => {
    const known = lists.get(event)
    if (known) return known
    const made = callbacks.map((callback) => {
      const owner = nameOf(callback)
      const method = callback[event]
      return [...(method ? [method] : []), ...markedHandlers(callback, event)].map((handler) => ({
        owner,
        self: callback,
        // Bound only for a module that wraps it: a bound function is slower to call.
        call: (trainer.module.wrapHandler?.(handler.bind(callback), { callback: owner, event }) ??
          handler) as Entry['call'],
        every: event === 'onStepEnd' ? (callback.stepEndEvery ?? 1) : 1,
      }))
    })
    lists.set(event, made)
    return made
  }

  const failed = (event: EventName, { owner }: Entry, thrown: unknown): never =>
    fail(`callback "${owner}" failed in ${event} at step ${state.step}: ${toError(thrown).message}`, {
      cause: thrown,
    })

  // No closure in here: one that holds `i` would move it from a register to the heap, in the hottest loop there is.
  const run = (
    event: EventName,
    list: readonly Entry[],
    from: number,
    second?: unknown,
    third?: unknown,
  ): Promise<void> | undefined => {
    let i = from
    try {
      for (; i < list.length; i++) {
        const { self, call, every } = list[i]!
        if (every > 1 && state.step % every) continue
        const result = call.call(self, state, second, third, event)
        if (result !== undefined && isPromise(result)) return rest(event, list, i, result, second, third)
      }
    } catch (error) {
      failed(event, list[i]!, error)
    }
    return undefined
  }

  const rest = (
    event: EventName,
    list: readonly Entry[],
    i: number,
    pending: PromiseLike<unknown>,
    second: unknown,
    third: unknown,
  ): Promise<void> =>
    Promise.resolve(pending).then(
      () => run(event, list, i + 1, second, third),
      (error) => failed(event, list[i]!, error),
    )

  return {
    compile(event) {
      const list = listsOf(event).flat()
      return () => run(event, list, 0, trainer)
    },
    fire: (event, ...detail) => run(event, listsOf(event).flat(), 0, ...detail, trainer),
    fireOn: async (index, event, ...detail) => run(event, listsOf(event)[index]!, 0, ...detail, trainer),
  }
}
