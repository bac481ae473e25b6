import type { Theme } from '../state/theme.ts'

export interface LineStyle {
  readonly colour: string
  readonly dash: readonly number[]
}

/** Each has a contrast of 3 at least with the ground of its theme. */
const colours: Readonly<Record<Theme, readonly string[]>> = {
  light: ['#0969da', '#bc4c00', '#1a7f37', '#8250df', '#bf3989', '#9a6700', '#0e7490', '#57606a'],
  dark: ['#58a6ff', '#f0883e', '#3fb950', '#bc8cff', '#ff7bcb', '#d29922', '#22d3ee', '#9aa4af'],
}

/** Who does not tell colours apart has these. */
const dashes: readonly (readonly number[])[] = [[], [8, 3], [2, 3], [8, 3, 2, 3]]

/** Gives how a run is drawn: always the same way, whatever others are shown. */
export function styleOf(run: string, theme: Theme): LineStyle {
  const number = /^\d+$/.test(run) ? Number(run) : hash(run)
  const palette = colours[theme]
  return {
    colour: palette[number % palette.length]!,
    dash: dashes[Math.floor(number / palette.length) % dashes.length]!,
  }
}

function hash(text: string): number {
  let sum = 0
  for (const character of text) sum = (31 * sum + character.codePointAt(0)!) >>> 0
  return sum
}
