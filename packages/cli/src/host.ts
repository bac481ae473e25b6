import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'

/** Where text goes to; `process.stdout` is one. */
export interface TextStream {
  write(text: string): unknown
  /** Whether a person reads it, at a terminal. */
  readonly isTTY?: boolean | undefined
  /** How many characters fit in a line. */
  readonly columns?: number | undefined
}

/** A command that a run was started with. */
export interface CommandLine {
  readonly directory: string
  readonly program: string
  readonly args: readonly string[]
}

/** What a command has to do with the process that it runs in. */
export interface Host {
  /** Gets the data. */
  readonly stdout: TextStream
  /** Gets everything else. */
  readonly stderr: TextStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Waits, in milliseconds. */
  wait(time: number): Promise<unknown>
  /** Waits until somebody ends the program, by Ctrl-C or a signal. */
  untilInterrupted(): Promise<unknown>
  /** Runs a program until it ends, and gives its exit code. */
  start(command: CommandLine): Promise<number>
}

/** Gives the host of the process, with what is given instead. */
export function hostOf(given: Partial<Host>): Host {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    wait: (time) => setTimeout(time),
    untilInterrupted: () => Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]),
    start,
    ...given,
  }
}

function start({ directory, program, args }: CommandLine): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: directory, stdio: 'inherit' })
    // A Ctrl-C goes to the program, too, which ends in its own way.
    const ignore = (): void => {}
    process.on('SIGINT', ignore)
    const done = (): unknown => process.off('SIGINT', ignore)
    child.once('error', (error) => {
      done()
      reject(error)
    })
    child.once('exit', (code, signal) => {
      done()
      resolve(code ?? 128 + constants.signals[signal!])
    })
  })
}
