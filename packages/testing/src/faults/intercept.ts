/** A call of one of the functions of an object. */
export interface Operation {
  /** Counts the calls, from 1. */
  readonly index: number
  /** The function's name; of a function of what another call gave, both: `open.write`. */
  readonly name: string
  readonly args: readonly unknown[]
  /** The call that gave the object, such as the one that opened the file. */
  readonly of: Operation | undefined
}

/** Stands between the caller and a function: may call `run`, with the same or with other arguments, or not; gives the result. */
export type Around = (
  operation: Operation,
  run: (args?: readonly unknown[]) => Promise<unknown>,
) => Promise<unknown>

/**
 * Wraps an object of asynchronous functions, such as a file system, and every object of functions that they give, such as an open file. All calls go
 * through `around`.
 */
export function intercept<T extends object>(target: T, around: Around): T {
  let count = 0
  const wrap = <O extends object>(object: O, of: Operation | undefined): O =>
    new Proxy(object, {
      get(_, key) {
        const value: unknown = Reflect.get(object, key)
        if (typeof value !== 'function' || typeof key === 'symbol') return value
        return async (...args: readonly unknown[]) => {
          const operation = { index: ++count, name: of ? `${of.name}.${key}` : key, args, of }
          const run = async (changed = args): Promise<unknown> => value.apply(object, changed)
          const result = await around(operation, run)
          return hasFunctions(result) ? wrap(result, operation) : result
        }
      },
    })
  return wrap(target, undefined)
}

function hasFunctions(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).some((member) => typeof member === 'function')
  )
}

/** Writes an operation as it would stand in a program: `open(/a/b).write`. */
export function operationText({ name, args, of }: Operation): string {
  const texts = args.filter((arg) => typeof arg === 'string').join(', ')
  return of ? `${operationText(of)}.${name.slice(of.name.length + 1)}` : `${name}(${texts})`
}
