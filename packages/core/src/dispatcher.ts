import { isPromise } from './awaitable.ts'
import { type Callback, nameOf } from './callback.ts'
import { markedHandlers } from './decorators.ts'
import { toError } from './errors.ts'
import type { EventName } from './events.ts'
import { boundTo } from './filters.ts'
import type { TrainingModule } from './module.ts'
import type { TrainerState } from './state.ts'
import type { TrainerHandle } from './trainer-handle.ts'

/** One handler, ready to call. */
interface Entry {
  readonly owner: string
  readonly call: (state: TrainerState, second: unknown, third: unknown) => unknown
}

/** Fires an event without detail; gives a promise only when a handler did. */
export type Fire = () => Promise<void> | undefined

/** Callbacks in the order in which they run: as in the list, those with `enforce: 'post'` last. */
export function inOrder<C extends Callback<string>>(callbacks: readonly C[]): C[] {
  return [...callbacks.filter((c) => c.enforce !== 'post'), ...callbacks.filter((c) => c.enforce === 'post')]
}

/** Calls the handlers of events. The list of each event is made once a run, so that firing is a loop over functions. */
export class Dispatcher {
  readonly #callbacks: readonly Callback<string>[]
  readonly #state: TrainerState
  readonly #trainer: TrainerHandle
  readonly #module: TrainingModule<never>
  readonly #lists = new Map<EventName, Entry[]>()

  constructor(callbacks: readonly Callback<string>[], state: TrainerState, trainer: TrainerHandle) {
    this.#callbacks = callbacks
    this.#state = state
    this.#trainer = trainer
    this.#module = trainer.module
  }

  /** Gives the function that fires an event of the hot loop. */
  compile(event: EventName): Fire {
    const list = this.#list(event)
    return list.length === 0 ? () => undefined : () => this.#run(event, list, this.#trainer, undefined)
  }

  fire(event: EventName, detail: readonly unknown[] = []): Promise<void> | undefined {
    return this.#run(event, this.#list(event), ...this.#args(detail))
  }

  /** Fires an event on one callback alone. */
  fireOn(callback: Callback<string>, event: EventName, ...detail: unknown[]): Promise<void> | undefined {
    return this.#run(event, this.#entries(callback, event), ...this.#args(detail))
  }

  #args(detail: readonly unknown[]): [unknown, unknown] {
    return detail.length > 0 ? [detail[0], this.#trainer] : [this.#trainer, undefined]
  }

  #list(event: EventName): Entry[] {
    let list = this.#lists.get(event)
    if (!list) this.#lists.set(event, (list = this.#callbacks.flatMap((callback) => this.#entries(callback, event))))
    return list
  }

  #entries(callback: Callback<string>, event: EventName): Entry[] {
    const owner = nameOf(callback)
    const method = callback[event]
    const handlers = [...(typeof method === 'function' ? [method] : []), ...markedHandlers(callback, event)]
    return handlers.map((handler) => {
      const call = boundTo(event, handler as never).bind(callback)
      return { owner, call: (this.#module.wrapHandler?.(call, { callback: owner, event }) ?? call) as Entry['call'] }
    })
  }

  #run(event: EventName, list: readonly Entry[], second: unknown, third: unknown): Promise<void> | undefined {
    let i = 0
    try {
      for (; i < list.length; i++) {
        const result = list[i]!.call(this.#state, second, third)
        if (result !== undefined && isPromise(result)) return this.#rest(event, list, i, result, second, third)
      }
    } catch (error) {
      throw this.#named(error, list[i]!, event)
    }
    return undefined
  }

  async #rest(
    event: EventName,
    list: readonly Entry[],
    i: number,
    pending: PromiseLike<unknown>,
    second: unknown,
    third: unknown,
  ): Promise<void> {
    try {
      await pending
      for (i++; i < list.length; i++) await list[i]!.call(this.#state, second, third)
    } catch (error) {
      throw this.#named(error, list[i]!, event)
    }
  }

  #named(thrown: unknown, { owner }: Entry, event: EventName): Error {
    const { message } = toError(thrown)
    return new Error(`[core] callback "${owner}" failed in ${event} at step ${this.#state.step}: ${message}`, {
      cause: thrown,
    })
  }
}
