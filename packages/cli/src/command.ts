import type { Awaitable } from '@trainyard/core'
import type { Runs } from '@trainyard/run-folder'
import type { Host } from './host.ts'
import type { Output } from './output/output.ts'
import type { Arguments, Options } from './parse-arguments.ts'

/** What every command takes. */
export const commonOptions = {
  logs: { type: 'string', valueHint: 'folder', description: 'where the runs are (default: ./logs)' },
  json: { type: 'boolean', description: 'prints JSON' },
  csv: { type: 'boolean', description: 'prints CSV' },
  color: { type: 'boolean', default: true, description: 'prints no colours; so does NO_COLOR=1' },
  help: { type: 'boolean', alias: 'h', description: 'prints what a command does' },
} as const satisfies Options

/** What a command gets. */
export interface CommandContext<Defined extends Options = Options> extends Arguments<Defined> {
  /** All runs of the folder. */
  readonly runs: Runs
  /** The folder of the runs, absolute. */
  readonly folder: string
  readonly output: Output
  readonly host: Host
}

/** A command of `trainyard`. */
export interface Command<Defined extends Options = Options> {
  /** What it does, in a line. */
  readonly summary: string
  /** What comes behind its name: `<run> <run>`. */
  readonly usage: string
  /** What else there is to say; an empty line stands between paragraphs. */
  readonly details?: string
  readonly examples: readonly string[]
  readonly options: Defined
  /** Does it, and gives the exit code; by default 0. */
  run(context: CommandContext<Defined>): Awaitable<number | void>
}

/** Gives a command back, with the types of its options. */
export function defineCommand<const Defined extends Options>(command: Command<Defined>): Command<Defined> {
  return command
}
