import type { Line } from '../../viewer/protocol.ts'
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

/** Gives the colour of a run: always the same, whatever others are shown. */
export function colourOf(run: string, theme: Theme): string {
  const number = /^\d+$/.test(run) ? Number(run) : hash(run)
  return colours[theme][number % colours[theme].length]!
}

/** More lines than these nobody tells apart, and dashes take long to draw. */
const mostDashed = 32

/** Gives how lines are drawn: those of the same colour with different dashes, as long as there are some. */
export function stylesOf(lines: readonly Pick<Line, 'run' | 'band'>[], theme: Theme): Map<string, LineStyle> {
  const used = new Map<string, number>()
  return new Map(
    lines.map(({ run, band }, i) => {
      // Groups are few, and none of them is known by a number.
      const colour = band ? colours[theme][i % colours[theme].length]! : colourOf(run, theme)
      const before = used.get(colour) ?? 0
      used.set(colour, before + 1)
      return [run, { colour, dash: lines.length > mostDashed ? [] : dashes[before % dashes.length]! }]
    }),
  )
}

function hash(text: string): number {
  let sum = 0
  for (const character of text) sum = (31 * sum + character.codePointAt(0)!) >>> 0
  return sum
}
