import { numberText } from './number-text.ts'

/** Writes a span of time in the units that suit it: `12 ms`, `8.1 s`, `2 min 5 s`, `3 h 20 min`. */
export function durationText(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Writes what is left of a run, to the second: nobody knows it better. */
export function leftText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  return `${seconds < 60 ? `${seconds} s` : durationText(seconds * 1000)} left`
}

/** Writes a speed the way round that gives a number above one: `76.3 steps/s`, `1.25 s/step`. */
export function rateText(count: number, ms: number, unit: 'step' | 'batch'): string {
  const perSecond = (count / ms) * 1000
  if (perSecond < 1) return `${numberText(ms / 1000 / count, 3)} s/${unit}`
  return `${numberText(perSecond, 3)} ${unit === 'batch' ? 'batches' : 'steps'}/s`
}
