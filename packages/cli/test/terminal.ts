import { type Host, runCommand } from '@trainyard/cli'

/** What a command has printed, and how it ended. */
export interface Printed {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

interface Setting extends Partial<Host> {
  /** How wide the terminal is. */
  readonly columns?: number
  /** What runs the command, if it is not the one of the sources. */
  readonly run?: typeof runCommand
}

/** Runs a command at a terminal without colours. */
export function onTerminal(args: readonly string[], setting: Setting = {}): Promise<Printed> {
  return runWith(args, { env: { NO_COLOR: '1' }, ...setting }, true)
}

/** Runs a command whose output another program reads. */
export function inPipe(args: readonly string[], setting: Setting = {}): Promise<Printed> {
  return runWith(args, { env: {}, ...setting }, false)
}

async function runWith(args: readonly string[], setting: Setting, isTTY: boolean): Promise<Printed> {
  const { columns = 120, run = runCommand, ...host } = setting
  const printed = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr'): Host['stdout'] => ({
    isTTY,
    columns: isTTY ? columns : undefined,
    write: (text) => void (printed[name] += text),
  })
  const exitCode = await run(args, { stdout: stream('stdout'), stderr: stream('stderr'), ...host })
  return { exitCode, ...printed }
}
