import { type Command, commonOptions } from './command.ts'
import type { TextStream } from './host.ts'
import type { Paint } from './output/paint.ts'
import type { Option, Options } from './parse-arguments.ts'

/** Groups of commands, by what they are for. */
export type CommandGroups = Readonly<Record<string, Readonly<Record<string, Command>>>>

/** In characters; where help is wider, it reads badly. */
const longestLine = 96

/** How wide the column on the right is at least, in a narrow terminal. */
const leastColumn = 20

/** Gives how wide help is on a stream. */
export function helpWidth({ columns }: TextStream): number {
  return Math.min(columns || longestLine, longestLine)
}

const runWords: readonly (readonly [string, string])[] = [
  ['7', 'the run of that name; of mnist/first, "first" will do if there is no other'],
  ['last  -2', 'the one that was started last, the one before it'],
  ['3..9', 'all from 3 to 9'],
  ['@best', 'all that have that tag'],
  ['"config.lr < 0.1"', 'all that a query holds for'],
]

/** Says what commands there are. */
export function overview(groups: CommandGroups, paint: Paint, width: number): string {
  const names = Object.values(groups).flatMap((group) => Object.keys(group))
  const margin = Math.max(...names.map((name) => name.length))
  return [
    ...wrapped(
      'Looks at the runs in a folder, compares them, and tidies up. Needs nothing but the folder.',
      width,
    ),
    '',
    `${paint.bold('Usage:')} trainyard <command> [runs] [options]`,
    ...Object.entries(groups).flatMap(([title, group]) => [
      '',
      paint.bold(title),
      ...pairs(
        Object.entries(group).map(([name, { summary }]) => [name.padEnd(margin), summary] as const),
        width,
      ),
    ]),
    '',
    paint.bold('Runs are named by'),
    ...pairs(runWords, width),
    '',
    paint.bold('Every command takes'),
    ...optionLines(commonOptions, width),
    '',
    ...[
      'At a terminal there are tables; in a pipe, or a file, a line of names and lines of values with tabs between.',
      'Exit codes: 0 done, 1 nothing found or something wrong, 2 the command makes no sense.',
      '`trainyard <command> --help` says more. Queries: `trainyard query --help`.',
    ].flatMap((text) => wrapped(text, width)),
    '',
  ].join('\n')
}

/** Says what a command does. */
export function commandHelp(name: string, command: Command, paint: Paint, width: number): string {
  const { summary, usage, details, examples, options } = command
  return [
    ...wrapped(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, width),
    '',
    `${paint.bold('Usage:')} trainyard ${[name, usage, '[options]'].filter(Boolean).join(' ')}`,
    ...(details === undefined
      ? []
      : details.split('\n\n').flatMap((paragraph) => ['', ...wrapped(paragraph, width)])),
    ...(Object.keys(options).length === 0 ? [] : ['', paint.bold('Options'), ...optionLines(options, width)]),
    '',
    paint.bold('Every command takes'),
    ...optionLines(commonOptions, width),
    '',
    paint.bold('Examples'),
    ...examples.map((example) => `  trainyard ${example}`),
    '',
  ].join('\n')
}

/** Breaks a text into lines. */
function wrapped(text: string, width: number): string[] {
  return text.replaceAll('\n', ' ').match(new RegExp(`\\S.{0,${width - 1}}(?=\\s|$)|\\S+`, 'g')) ?? ['']
}

function optionLines(options: Options, width: number): string[] {
  return pairs(
    Object.entries(options).map(([name, option]) => [optionText(name, option), option.description] as const),
    width,
  )
}

function optionText(name: string, { alias, valueHint, type, default: isOn }: Option): string {
  const short = alias === undefined ? '' : `-${alias}, `
  return `${short}--${isOn ? 'no-' : ''}${name}${type === 'string' ? ` <${valueHint ?? name}>` : ''}`
}

/** Sets names on the left and what they mean on the right. */
function pairs(lines: readonly (readonly [string, string])[], width: number): string[] {
  const margin = Math.max(...lines.map(([left]) => left.length)) + 4
  return lines.flatMap(([left, right]) =>
    wrapped(right, Math.max(leastColumn, width - margin)).map(
      (line, i) => `${i === 0 ? `  ${left}` : ''}`.padEnd(margin) + line,
    ),
  )
}
