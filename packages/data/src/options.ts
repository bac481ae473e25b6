import { describe, fail } from './errors.ts'

/** Checks a number that counts something. */
export function wholeNumber(option: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    fail(`\`${option}\` must be a whole number of at least ${least}, not ${String(value)}`)
}

/** Checks an option that is one of a few words. */
export function oneOf(option: string, value: unknown, words: readonly string[]): void {
  if (!words.includes(value as string))
    fail(`\`${option}\` must be one of ${words.join(', ')}, not ${String(value)}`)
}

/** Checks an option that is a function, where it is given. */
export function optionalFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function')
    fail(`\`${option}\` must be a function, not ${describe(value)}`)
}

/** Checks an option that is true or false. */
export function flag(option: string, value: unknown): void {
  if (typeof value !== 'boolean') fail(`\`${option}\` must be true or false, not ${describe(value)}`)
}

/** Checks a loader that another one is made from. */
export function checkLoader(maker: string, loader: unknown): void {
  const able =
    typeof loader === 'object' && loader !== null && 'epoch' in loader && typeof loader.epoch === 'function'
  if (!able)
    fail(
      `${maker}() needs a loader, which has epoch(n, from, shard), not ${describe(loader)}; ` +
        'make one with loader() or iterableLoader()',
    )
}
