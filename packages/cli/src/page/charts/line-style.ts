import type { Theme } from './palette.ts'

export interface LineStyle {
  readonly colour: string
  readonly dash: readonly number[]
}

/** Gives how the line of a run or a group is drawn. */
export type Styles = (name: string) => LineStyle

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

/** Says how the lines of runs are drawn: those of the same colour with different dashes, as long as there are some. */
export function runStyles(runs: readonly string[], theme: Theme): Styles {
  return stylesOf(runs, (run) => colourOf(run, theme), theme)
}

/** Says the same of groups. They are few, and none is known by a number, so each has the next colour. */
export function groupStyles(names: readonly string[], theme: Theme): Styles {
  return stylesOf(names, (_, i) => colours[theme][i % colours[theme].length]!, theme)
}

function stylesOf(
  names: readonly string[],
  colour: (name: string, i: number) => string,
  theme: Theme,
): Styles {
  const used = new Map<string, number>()
  const styles = new Map(
    names.map((name, i) => {
      const one = colour(name, i)
      const before = used.get(one) ?? 0
      used.set(one, before + 1)
      return [name, { colour: one, dash: names.length > mostDashed ? [] : dashes[before % dashes.length]! }]
    }),
  )
  // A line that is no longer wanted stays until the others have come.
  return (name) => styles.get(name) ?? { colour: colourOf(name, theme), dash: [] }
}

/** How thick a line is, in pixels of CSS, and how much of it is to be seen. */
export interface Stroke {
  readonly width: number
  readonly opacity: number
}

/** How much of a band is to be seen. */
export const bandOpacity = 0.2

/** Of the marks where a run was resumed. */
export const markStyle = { width: 1, opacity: 0.8, dash: [1, 4] } as const

/** Says how thick lines are: what was logged is faint beside what was smoothed, and many lines hide each other less. */
export function strokesOf(lines: readonly { readonly smooth?: unknown }[]): { line: Stroke; smooth: Stroke } {
  const opacity = lines.length > 100 ? 0.5 : 1
  const isSmooth = lines.some(({ smooth }) => smooth)
  return {
    line: isSmooth ? { width: 1, opacity: 0.25 * opacity } : { width: 1.4, opacity },
    smooth: { width: 1.8, opacity },
  }
}

function hash(text: string): number {
  let sum = 0
  for (const character of text) sum = (31 * sum + character.codePointAt(0)!) >>> 0
  return sum
}
