/** Gives a value as a person reads it. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number') return numberText(value)
  if (Array.isArray(value)) return value.map(valueText).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Gives five digits of a number. */
export function numberText(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value)
  const rounded = Number(value.toPrecision(5))
  return Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded)
}

/** Gives seconds as `4s`, `12m 03s`, `3h 20m` or `5d 2h`. */
export function durationText(seconds: number | null): string {
  if (seconds === null || seconds < 0) return ''
  const two = (number: number): string => String(Math.floor(number)).padStart(2, '0')
  if (seconds < 60) return `${Math.floor(seconds)}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${two((seconds % 3600) / 60)}m`
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Gives a time as `22 Nov, 10:08`, by the clock of whoever looks. */
export function timeText(time: number | null): string {
  if (time === null) return ''
  const date = new Date(time)
  const [hours, minutes] = [date.getHours(), date.getMinutes()].map((one) => String(one).padStart(2, '0'))
  return `${date.getDate()} ${months[date.getMonth()]}, ${hours}:${minutes}`
}

/** Gives bytes as `12 B` or `3.4 kB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const unit = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  return `${unit === 0 ? bytes : (bytes / 1000 ** unit).toFixed(1)} ${units[unit]!}`
}

/** Gives a whole number as `1,234,567`. The browser's own way takes 25 ms the first time, in which a page could be there. */
export function wholeText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

export function countText(count: number, noun: string): string {
  return `${wholeText(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** Gives the text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
