import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, resolve } from 'node:path'
import { latestCheckpoint } from '@trainyard/checkpointer'
import type { StoredRun } from '@trainyard/run-folder'
import { checkpointFolder } from '../checkpoints-of.ts'
import { defineCommand } from '../command.ts'
import { fail } from '../errors.ts'
import type { CommandLine } from '../host.ts'
import type { Output } from '../output/output.ts'
import { selectRun } from '../select-runs.ts'

export const resume = defineCommand({
  summary: 'prints the command that goes on with a run; starts it with --yes',
  usage: '[run]',
  details: `Prints the command that the run was started with, in its folder; what stands behind -- comes last. A
program that uses launch() of @trainyard/launch is told which run to go on with; another one has to find its way
itself, as with interruptedRun() and AutoResume. Look at the command before you start it: whoever wrote the folder has
chosen it.`,
  examples: ['resume', 'resume 7 --yes', 'resume 7 --yes -- --epochs 20'],
  options: { yes: { type: 'boolean', description: 'starts it' } },
  async run({ runs, words, rest, options, output, host }) {
    const run = selectRun(runs, words)
    if (run.isAlive) fail(`run ${run.id} is being written; wait for it, or stop it first`)
    const command = commandOf(run, rest)
    if (output.format === 'json') output.json(command)
    else output.write(`${shellText(command)}\n`)
    await sayWhere(output, run)
    if (!options.yes) {
      output.remark('nothing was started; --yes does')
      return 0
    }
    if (!existsSync(command.directory))
      fail(`the folder "${command.directory}" that it was started in is gone`)
    return host.start(command)
  },
})

/** Gives the command that a run was started with. */
function commandOf(run: StoredRun, rest: readonly string[]): CommandLine {
  const { info } = run
  const { executable: program, current_file_path: file, work_dir: directory, arguments: args } = info
  if (
    typeof program !== 'string' ||
    typeof directory !== 'string' ||
    typeof file !== 'string' ||
    !Array.isArray(args)
  )
    return fail(`run ${run.id} does not say with what arguments it was started; another tool has written it`)
  const given = args.map(String)
  const flags = info['executable_arguments']
  const ofProgram = Array.isArray(flags) ? flags.map(String) : []
  const hidden = [...ofProgram, ...given].filter((arg) => arg === '***' || arg.endsWith('=***'))
  if (hidden.length > 0)
    fail(
      `run ${run.id} was started with a secret that was not kept (${hidden.join(' ')}); start it by hand: ${program} ${file} …`,
    )
  return {
    directory,
    program,
    args: [
      ...ofProgram,
      file,
      ...(usesLaunch(file, directory) ? launchArguments(run, given) : given),
      ...rest,
    ],
  }
}

/** Tells whether a program takes its arguments from `launch()`. */
function usesLaunch(file: string, directory: string): boolean {
  try {
    return readFileSync(resolve(directory, file), 'utf8').includes('@trainyard/launch')
  } catch {
    return false
  }
}

/** The run has its config; of the arguments only those about the tool count, and which run it is. */
function launchArguments(run: StoredRun, given: readonly string[]): string[] {
  const kept = given.filter(
    (arg) => arg.startsWith('+trainyard.') && !/\.(forcedLogId|parentLogDir)=/.test(arg),
  )
  const parent = dirname(run.directory)
  const isMoved = resolve(parent) !== dirname(String(run.info['log_dir']))
  return [
    ...kept,
    ...(isMoved || given.some((arg) => arg.includes('.parentLogDir='))
      ? [`+trainyard.logger.parentLogDir=${parent}`]
      : []),
    `+trainyard.logger.forcedLogId=${basename(run.directory)}`,
  ]
}

async function sayWhere(output: Output, run: StoredRun): Promise<void> {
  const latest = await latestCheckpoint(checkpointFolder(run))
  if (latest.status === 'found') {
    const { name, manifest } = latest.checkpoint
    output.remark(`the newest good checkpoint is ${name}, after ${manifest.step} steps`)
  }
  for (const { name, file, reason } of latest.damaged)
    output.warn(`the checkpoint ${name} is damaged: ${file} ${reason}`)
  if (latest.status === 'damaged') output.warn('there is no good checkpoint')
  const { hostname: there } = run.info
  if (typeof there === 'string' && there !== '' && there !== hostname())
    output.warn(`the run was started on ${there}, not here`)
}

/** Gives a command as a shell takes it. */
export function shellText({ directory, program, args }: CommandLine): string {
  return `cd ${quoted(directory)} && ${[program, ...args].map(quoted).join(' ')}`
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
