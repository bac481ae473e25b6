import { numberText } from '../format.ts'

/** Gives the labels of an axis; with more digits than usual, if they would be the same without. */
export function tickTexts(ticks: readonly number[]): string[] {
  const short = ticks.map(numberText)
  if (new Set(short).size === short.length) return short
  return ticks.map((tick) => String(Number(tick.toPrecision(12))))
}
