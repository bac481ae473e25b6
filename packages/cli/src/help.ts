import { type Command, commonOptions } from './command.ts'
import type { Paint } from './output/paint.ts'
import type { Option, Options } from './parse-arguments.ts'

/** Groups of commands, by what they are for. */
export type CommandGroups = Readonly<Record<string, Readonly<Record<string, Command>>>>

/** In characters. */
const longestLine = 96

const runWords: readonly (readonly [string, string])[] = [
  ['7', 'the run of that name; of mnist/first, "first" will do if there is no other'],
  ['last  -2', 'the one that was started last, the one before it'],
  ['3..9', 'all from 3 to 9'],
  ['@best', 'all that have that tag'],
  ['"config.lr < 0.1"', 'all that a query holds for'],
]

/** Says what commands there are. */
export function overview(groups: CommandGroups, paint: Paint): string {
  const commands = Object.values(groups).flatMap((group) => Object.entries(group))
  const width = Math.max(...commands.map(([name]) => name.length)) + 2
  return [
    'Looks at the runs in a folder, compares them, and tidies up. Needs nothing but the folder.',
    '',
    `${paint.bold('Usage:')} trainyard <command> [runs] [options]`,
    ...Object.entries(groups).flatMap(([title, group]) => [
      '',
      paint.bold(title),
      ...Object.entries(group).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`),
    ]),
    '',
    paint.bold('Runs are named by'),
    ...pairs(runWords),
    '',
    paint.bold('Every command takes'),
    ...optionLines(commonOptions),
    '',
    ...wrapped(
      'At a terminal there are tables; in a pipe, or a file, a line of names and lines of values with tabs between.',
    ),
    'Exit codes: 0 done, 1 nothing found or something wrong, 2 the command makes no sense.',
    '`trainyard <command> --help` says more. Queries: `trainyard query --help`.',
    '',
  ].join('\n')
}

/** Says what a command does. */
export function commandHelp(name: string, command: Command, paint: Paint): string {
  const { summary, usage, details, examples, options } = command
  return [
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    '',
    `${paint.bold('Usage:')} trainyard ${[name, usage, '[options]'].filter(Boolean).join(' ')}`,
    ...(details === undefined
      ? []
      : details.split('\n\n').flatMap((paragraph) => ['', ...wrapped(paragraph)])),
    ...(Object.keys(options).length === 0 ? [] : ['', paint.bold('Options'), ...optionLines(options)]),
    '',
    paint.bold('Every command takes'),
    ...optionLines(commonOptions),
    '',
    paint.bold('Examples'),
    ...examples.map((example) => `  trainyard ${example}`),
    '',
  ].join('\n')
}

/** Breaks a text into lines. */
function wrapped(text: string): string[] {
  return text.replaceAll('\n', ' ').match(new RegExp(`\\S.{0,${longestLine - 1}}(?=\\s|$)`, 'g')) ?? ['']
}

function optionLines(options: Options): string[] {
  return pairs(
    Object.entries(options).map(([name, option]) => [optionText(name, option), option.description] as const),
  )
}

function optionText(name: string, { alias, valueHint, type, default: isOn }: Option): string {
  const short = alias === undefined ? '' : `-${alias}, `
  return `${short}--${isOn ? 'no-' : ''}${name}${type === 'string' ? ` <${valueHint ?? name}>` : ''}`
}

function pairs(lines: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...lines.map(([left]) => left.length)) + 2
  return lines.map(([left, right]) => `  ${left.padEnd(width)}${right}`)
}
