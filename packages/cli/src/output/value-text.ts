import { plainText } from './text-width.ts'

/** Gives a value as a person reads it: six digits of a number, lists without brackets. */
export function shortValue(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number') return numberText(value)
  if (Array.isArray(value)) return value.map(shortValue).join(', ')
  return plainText(typeof value === 'object' ? JSON.stringify(value) : String(value))
}

function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value)
  const rounded = Number(value.toPrecision(6))
  return Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded)
}

/** Gives a value in full, for another program. */
export function fullValue(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Gives seconds as `4s`, `12m03`, `3h20m` or `5d`. */
export function durationText(seconds: number): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  if (!Number.isFinite(seconds) || seconds < 0) return ''
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}`
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`
  return `${Math.floor(whole / 86_400)}d`
}

/** Gives the time of day, here, of seconds since 1970. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8)
}

/** Gives bytes as `12 B`, `3.4 kB`, `1.2 GB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = bytes
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]!}`
}

/** Counts things: `1 run`, `3 runs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
