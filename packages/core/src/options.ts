import { fail } from './errors.ts'

/** Checks an option: throws what it must be unless it is `valid`. */
export function check(valid: unknown, option: string, expected: string, value: unknown): void {
  if (!valid) fail(`\`${option}\` must be ${expected}, not ${String(value)}`)
}

/** Checks an option that counts something. */
export function wholeNumber(option: string, value: unknown, least: number): void {
  const valid = Number.isSafeInteger(value) && (value as number) >= least
  check(valid, option, `a whole number of at least ${least}`, value)
}

/** Checks an option that is one of a few words. */
export function oneOf(option: string, value: unknown, words: readonly string[]): void {
  check(words.includes(value as string), option, `one of ${words.join(', ')}`, value)
}

/** A span of time; the parts add up. */
export interface Duration {
  hours?: number
  minutes?: number
  seconds?: number
}

/** Gives a span in milliseconds. */
export function milliseconds(option: string, { hours = 0, minutes = 0, seconds = 0 }: Duration): number {
  const total = (hours * 60 + minutes) * 60 + seconds
  check(total > 0, option, 'a positive time such as { minutes: 30 }', `${total} s`)
  return total * 1000
}
