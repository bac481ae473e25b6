import { spawn } from 'node:child_process'
import { endedBy } from '../group.ts'
import { type Command, commandText } from './command.ts'

/** Exit codes of programs that a signal has ended in good order. */
const codes = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Runs a job to its end, and again after it has failed, up to `maxRestarts` times; gives its exit code. At a signal the ranks save and end, and
 * the job is not started again then.
 * @param make Makes the command, from the number of restarts so far.
 * @param patience How long a launcher may go on after a rank has ended the job, in milliseconds.
 */
export async function runJob(
  make: (restarts: number) => Command,
  maxRestarts: number,
  say: (line: string) => void,
  patience = 20_000,
): Promise<number> {
  let signalled: number | undefined
  let passOn = (): void => {}
  const listeners = Object.entries(codes).map(([signal, code]) => {
    const listener = (): void => {
      signalled = code
      passOn()
    }
    process.on(signal, listener)
    return [signal, listener] as const
  })
  try {
    for (let restarts = 0; ; restarts++) {
      const command = make(restarts)
      say(commandText(command))
      const code = await runOnce(command, patience, (stop) => (passOn = stop))
      if (signalled !== undefined) return signalled
      const isOrderly = code === 0 || code === codes.SIGINT || code === codes.SIGTERM
      if (isOrderly || restarts === maxRestarts) return code
      say(`the job failed (exit code ${code}); restart ${restarts + 1} of ${maxRestarts}`)
    }
  } finally {
    for (const [signal, listener] of listeners) process.off(signal, listener)
  }
}

/** Runs a command, in a group of its own: a terminal's Ctrl-C would reach it a second time, which tells `mpirun` to kill. */
function runOnce(
  { command, args, env, stop }: Command,
  patience: number,
  onStart: (stop: () => void) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, ...env },
      detached: true,
    })
    let timer: NodeJS.Timeout | undefined
    const killAll = (): void => {
      // It leads a group; its number is its own.
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
    }
    let printed = ''
    child.stderr.on('data', (bytes: Buffer) => {
      process.stderr.write(bytes)
      // A line may come in pieces.
      printed = printed.slice(-1000) + bytes.toString('latin1')
      const code = endedBy(printed)
      if (code === undefined || timer) return
      // A launcher that has lost a host waits for it for a quarter of an hour, although all ranks have ended.
      timer = setTimeout(() => {
        killAll()
        // What it has started for the lost host may hold on to the pipe.
        child.stderr.destroy()
        resolve(code)
      }, patience)
    })
    let isAsked = false
    onStart(() => {
      // A second signal ends it at once, with all that it has started here.
      if (isAsked) killAll()
      isAsked = stop(child)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve(code ?? (signal === 'SIGTERM' ? codes.SIGTERM : 1))
    })
  })
}
