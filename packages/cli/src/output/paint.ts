import type { TextStream } from '../host.ts'

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const

export type Colour = keyof typeof codes

/** Colours text, or leaves it as it is. */
export type Paint = Readonly<Record<Colour, (text: string) => string>> & { readonly isOn: boolean }

/** Makes what colours text on a stream: at a terminal, unless `NO_COLOR` (no-color.org) or `TERM=dumb` says no. */
export function paintFor(
  stream: TextStream,
  env: Readonly<Record<string, string | undefined>>,
  mayColour: boolean,
): Paint {
  const isOn = mayColour && stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  const painters = Object.entries(codes).map(([name, code]) => [
    name,
    (text: string) => (isOn && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text),
  ])
  return { ...(Object.fromEntries(painters) as Omit<Paint, 'isOn'>), isOn }
}

const ofStatus: Readonly<Record<string, Colour>> = {
  COMPLETE: 'green',
  RUNNING: 'cyan',
  STARTING: 'cyan',
  INTERRUPTED: 'yellow',
  FAILED: 'red',
  DEAD: 'red',
}

/** Gives the colour of a run's status. */
export function statusColour(status: unknown): Colour | undefined {
  return ofStatus[String(status)]
}
