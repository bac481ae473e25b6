import { fail } from './errors.ts'

/** Checks an option that counts something. */
export function wholeNumber(option: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    fail(`\`${option}\` must be a whole number of at least ${least}, not ${String(value)}`)
}

/** Checks an option that is one of a few words. */
export function oneOf(option: string, value: unknown, words: readonly string[]): void {
  if (!words.includes(value as string))
    fail(`\`${option}\` must be one of ${words.join(', ')}, not ${String(value)}`)
}

/** A span of time; the parts add up. */
export interface Duration {
  hours?: number
  minutes?: number
  seconds?: number
}

/** Gives a span in milliseconds. */
export function milliseconds(option: string, { hours = 0, minutes = 0, seconds = 0 }: Duration): number {
  const total = ((hours * 60 + minutes) * 60 + seconds) * 1000
  if (!(total > 0)) fail(`\`${option}\` must be a positive time such as { minutes: 30 }`)
  return total
}
