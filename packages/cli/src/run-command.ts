import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { openRuns, QueryError, type Runs } from '@trainyard/run-folder'
import { type Command, type CommandContext, commonOptions } from './command.ts'
import { archive, note, tag } from './commands/annotate.ts'
import { diff } from './commands/diff.ts'
import { doctor } from './commands/doctor.ts'
import { exportRuns } from './commands/export.ts'
import { ls } from './commands/ls.ts'
import { plot } from './commands/plot.ts'
import { prune } from './commands/prune.ts'
import { query } from './commands/query.ts'
import { report } from './commands/report.ts'
import { resume } from './commands/resume.ts'
import { rm } from './commands/rm.ts'
import { show } from './commands/show.ts'
import { tail } from './commands/tail.ts'
import { ui } from './commands/ui.ts'
import { CommandError, fail, failUsage, messageOf } from './errors.ts'
import { type CommandGroups, commandHelp, helpWidth, overview } from './help.ts'
import { type Host, hostOf } from './host.ts'
import { Output } from './output/output.ts'
import { paintFor } from './output/paint.ts'
import { plainLines } from './output/text-width.ts'
import { parseArguments } from './parse-arguments.ts'

const groups: CommandGroups = {
  'Look at runs': { ui, ls, show, tail, plot, diff, query, export: exportRuns, report },
  'Go on with one': { resume },
  'Keep order': { tag, note, archive, rm, prune, doctor },
}

const commands = new Map<string, Command>(Object.values(groups).flatMap((group) => Object.entries(group)))

const versionOption = { type: 'boolean', description: 'prints the version' } as const

/**
 * Runs a command as `trainyard` does, and gives its exit code: 0 if it is done, 1 if nothing was found or something is wrong, 2 if the command makes no
 * sense. It never throws: errors are printed to `stderr`.
 *
 * ```ts
 * const exitCode = await runCommand(['ls', 'config.lr < 0.1', '--logs', './logs'])
 * ```
 *
 * @param args What stands behind `trainyard` on a command line.
 * @param host What to use in place of the process's own streams and environment.
 */
export async function runCommand(args: readonly string[], host: Partial<Host> = {}): Promise<number> {
  const fullHost = hostOf(host)
  const { name, others } = commandIn(args)
  const command = commands.get(name ?? '')
  try {
    if (command) return await run(name!, command, others, fullHost)
    if (name !== undefined && name !== 'help') failCommand(name)
    return help(name === 'help' ? ['--help', ...others] : others, fullHost)
  } catch (error) {
    const paint = paintFor(fullHost.stderr, fullHost.env, !args.includes('--no-color'))
    const isUsage = error instanceof QueryError || (error instanceof CommandError && error.exitCode === 2)
    const more = isUsage ? `${['trainyard', ...(command ? [name] : []), '--help'].join(' ')} says more\n` : ''
    fullHost.stderr.write(`${paint.red('error:')} ${plainLines(messageOf(error))}\n${more}`)
    return isUsage ? 2 : 1
  }
}

async function run(name: string, command: Command, args: readonly string[], host: Host): Promise<number> {
  const parsed = parseArguments(args, { ...command.options, ...commonOptions })
  const { json, csv, color, help: isHelp, logs = './logs' } = parsed.options
  if (json && csv) failUsage('either --json or --csv')
  const output = new Output(host, { json, csv, color })
  if (isHelp) {
    output.write(commandHelp(name, command, output.paint, helpWidth(host.stdout)))
    return 0
  }
  if (parsed.rest.length > 0 && name !== 'resume') failUsage(`${name} takes nothing behind --`)
  const runs = openFolder(logs)
  const context: CommandContext = { ...parsed, runs, folder: resolve(logs), output, host }
  const exitCode = (await command.run(context)) ?? 0
  if (name !== 'doctor') sayProblems(context)
  return exitCode
}

/** Answers a command line without a command. */
function help(args: readonly string[], { stdout, stderr, env }: Host): number {
  const { options, words } = parseArguments(args, { ...commonOptions, version: versionOption })
  const [name] = words
  const isAsked = options.help || options.version
  const stream = isAsked ? stdout : stderr
  const paint = paintFor(stream, env, options.color)
  if (options.version) stream.write(`${version()}\n`)
  else if (name === undefined) stream.write(overview(groups, paint, helpWidth(stream)))
  else stream.write(commandHelp(name, commands.get(name) ?? failCommand(name), paint, helpWidth(stream)))
  return isAsked ? 0 : 2
}

function failCommand(name: string): never {
  return failUsage(`there is no command ${name}; there are ${[...commands.keys()].join(', ')}`)
}

function openFolder(folder: string): Runs {
  if (!existsSync(folder))
    fail(`there is no folder "${resolve(folder)}"; --logs names the one that has the runs`)
  return openRuns(folder)
}

/** What could not be read must not look as if it were not there. */
function sayProblems({ runs, output }: Pick<CommandContext, 'runs' | 'output'>): void {
  const [first, ...others] = runs.problems
  if (!first) return
  const { path, reason } = first
  const more = others.length > 0 ? `, and ${others.length} more` : ''
  output.warn(
    `not all could be read: ${path}: ${reason.replaceAll(`"${path}" `, '')}${more}; trainyard doctor says what`,
  )
}

function version(): string {
  const path = new URL('../package.json', import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}

/** Finds the name of the command; options that every command takes may stand in front of it. */
function commandIn(args: readonly string[]): { name: string | undefined; others: readonly string[] } {
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--logs') i++
    else if (!args[i]!.startsWith('-')) return { name: args[i], others: args.toSpliced(i, 1) }
  }
  return { name: undefined, others: args }
}
