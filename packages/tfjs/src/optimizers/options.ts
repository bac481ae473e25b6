import { fail } from '../errors.ts'

/** Checks an option that must be a number above zero. */
export function positive(option: string, value: unknown, fix: string): void {
  if (!(isFinite(value) && value > 0))
    fail(`\`${option}\` must be a number above 0, not ${String(value)}; ${fix}`)
}

/** Checks an option that must be a number of at least zero. */
export function notNegative(option: string, value: unknown, fix: string): void {
  if (!(isFinite(value) && value >= 0))
    fail(`\`${option}\` must be a number of at least 0, not ${String(value)}; ${fix}`)
}

/** Checks an option that must lie in [0, 1), such as the weight of the past in a running mean. */
export function fraction(option: string, value: unknown, fix: string): void {
  if (!(isFinite(value) && value >= 0 && value < 1))
    fail(`\`${option}\` must be at least 0 and below 1, not ${String(value)}; ${fix}`)
}

/** Checks an option that counts updates. */
export function updates(option: string, value: unknown): void {
  if (!(Number.isSafeInteger(value) && (value as number) > 0))
    fail(`\`${option}\` must be a whole number of at least 1, not ${String(value)}; it counts updates`)
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value)
}
