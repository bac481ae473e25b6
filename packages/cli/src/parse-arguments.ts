import { type ArgsDef, parseArgs } from 'citty'
import { failUsage } from './errors.ts'

/** An option of a command. A boolean one that is on by default is switched off by `--no-<name>`. */
export interface Option {
  readonly type: 'boolean' | 'string'
  readonly description: string
  /** One letter. */
  readonly alias?: string
  /** What the value is, in help. */
  readonly valueHint?: string
  readonly default?: boolean
}

export type Options = Readonly<Record<string, Option>>

/** What options were given. */
export type OptionValues<Defined extends Options> = {
  readonly [Name in keyof Defined]: Defined[Name]['type'] extends 'boolean' ? boolean : string | undefined
}

/** A command line, taken apart. */
export interface Arguments<Defined extends Options = Options> {
  readonly options: OptionValues<Defined>
  /** What is no option. */
  readonly words: readonly string[]
  /** What stands behind `--`. */
  readonly rest: readonly string[]
}

/** Keeps `-2`, the run before the last one, from being read as an option. */
const mark = '\u0000'

/** Takes a command line apart; throws for an option that there is not, or one without its value. */
export function parseArguments<Defined extends Options>(
  args: readonly string[],
  defined: Defined,
): Arguments<Defined> {
  const end = args.indexOf('--')
  const own = end === -1 ? args : args.slice(0, end)
  for (const arg of own) {
    const [, name] = /^--(?:no-)?([\w-]+)=/.exec(arg) ?? []
    if (name !== undefined && defined[name]?.type === 'boolean') failUsage(`--${name} takes no value: ${arg}`)
  }
  const marked = own.map((arg) => (/^-\d+$/.test(arg) ? mark + arg : arg))
  const parsed = parseArgs(marked, defined as ArgsDef)
  const known = new Set(
    Object.entries(defined).flatMap(([name, { alias }]) => [name, camelCase(name), alias ?? name]),
  )
  for (const name of Object.keys(parsed))
    if (name !== '_' && !known.has(name))
      failUsage(`there is no option ${name.length === 1 ? '-' : '--'}${name}`)
  const options = Object.fromEntries(
    Object.entries(defined).map(([name, { type }]) => {
      const value: unknown = parsed[name]
      if (type === 'boolean') return [name, value === true]
      if (value === undefined) return [name, undefined]
      if (typeof value !== 'string' || value === '') return failUsage(`--${name} needs a value`)
      return [name, unmarked(value)]
    }),
  )
  return {
    options: options as OptionValues<Defined>,
    words: parsed._.map(unmarked),
    rest: end === -1 ? [] : args.slice(end + 1),
  }
}

/** Reads a whole number that was given to an option. */
export function wholeNumber(
  option: string,
  text: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN
  if (!(number >= least && number <= most))
    failUsage(
      `--${option} must be a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ''}, not ${text}`,
    )
  return number
}

function unmarked(text: string): string {
  return text.startsWith(mark) ? text.slice(mark.length) : text
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
