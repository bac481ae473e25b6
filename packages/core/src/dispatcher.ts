import { isPromise } from './awaitable.ts'
import { type Callback, nameOf } from './callback.ts'
import { markedHandlers } from './decorators.ts'
import { toError } from './errors.ts'
import type { EventName } from './events.ts'
import type { TrainerState } from './state.ts'
import type { TrainerHandle } from './trainer-handle.ts'

/** One handler, ready to call. */
interface Entry {
  readonly owner: string
  readonly call: (state: TrainerState, second: unknown, third: unknown, event: EventName) => unknown
}

/** Fires one event; gives a promise only when a handler did. */
export type Fire = () => Promise<void> | undefined

/** Calls the handlers of events. The list of each event is made once a run, so that firing is a loop over functions. */
export interface Dispatcher {
  /** Gives the function that fires an event of the hot loop. */
  compile(event: EventName): Fire
  fire(event: EventName, ...detail: unknown[]): Promise<void> | undefined
  /** Fires an event on one callback alone. */
  fireOn(callback: Callback<string>, event: EventName, ...detail: unknown[]): Promise<void> | undefined
}

/** Callbacks in the order in which they run: as in the list, those with `enforce: 'post'` last. */
export function inOrder<C extends Callback<string>>(callbacks: readonly C[]): C[] {
  return callbacks.toSorted((a, b) => Number(a.enforce === 'post') - Number(b.enforce === 'post'))
}

export function createDispatcher(
  callbacks: readonly Callback<string>[],
  state: TrainerState,
  trainer: TrainerHandle,
): Dispatcher {
  const lists = new Map<EventName, Entry[]>()

  const entriesOf = (callback: Callback<string>, event: EventName): Entry[] => {
    const owner = nameOf(callback)
    const method = callback[event]
    return [...(method ? [method] : []), ...markedHandlers(callback, event)].map((handler) => {
      const call = handler.bind(callback)
      return {
        owner,
        call: (trainer.module.wrapHandler?.(call, { callback: owner, event }) ?? call) as Entry['call'],
      }
    })
  }

  const listOf = (event: EventName): Entry[] => {
    const list = lists.get(event) ?? callbacks.flatMap((callback) => entriesOf(callback, event))
    lists.set(event, list)
    return list
  }

  const failed = (event: EventName, { owner }: Entry, thrown: unknown): Error =>
    new Error(
      `[core] callback "${owner}" failed in ${event} at step ${state.step}: ${toError(thrown).message}`,
      {
        cause: thrown,
      },
    )

  // No closure in here: one that holds `i` would move it from a register to the heap, in the hottest loop there is.
  const run = (
    event: EventName,
    list: readonly Entry[],
    second: unknown,
    third?: unknown,
    from = 0,
  ): Promise<void> | undefined => {
    let i = from
    try {
      for (; i < list.length; i++) {
        const result = list[i]!.call(state, second, third, event)
        if (result !== undefined && isPromise(result)) return rest(event, list, i, result, second, third)
      }
    } catch (error) {
      throw failed(event, list[i]!, error)
    }
    return undefined
  }

  const rest = async (
    event: EventName,
    list: readonly Entry[],
    i: number,
    pending: PromiseLike<unknown>,
    second: unknown,
    third: unknown,
  ): Promise<void> => {
    try {
      await pending
    } catch (error) {
      throw failed(event, list[i]!, error)
    }
    await run(event, list, second, third, i + 1)
  }

  const withDetail = (
    event: EventName,
    list: readonly Entry[],
    detail: readonly unknown[],
  ): Promise<void> | undefined =>
    run(event, list, ...([...detail, trainer] as unknown as [unknown, unknown?]))

  return {
    compile(event) {
      const list = listOf(event)
      return () => run(event, list, trainer)
    },
    fire: (event, ...detail) => withDetail(event, listOf(event), detail),
    fireOn: (callback, event, ...detail) => withDetail(event, entriesOf(callback, event), detail),
  }
}
