import { fork } from 'node:child_process'
import { WandbStandIn } from '@trainyard/testing/wandb'

const argument = 'stand-in'

/** Whether this process is to be the stand-in and nothing else. */
export const isStandIn: boolean = process.argv[2] === argument

/** A stand-in for W&B's server, in a process of its own. */
export interface StandInProcess {
  readonly url: string
  /** Gives how many rows of a run arrived, and forgets them. */
  rows(id: string): Promise<number>
  /** Goes away for so many milliseconds; what was sent meanwhile gets no answer. */
  leave(ms: number): void
  close(): void
}

/** Starts the stand-in: this program once more. */
export async function startStandIn(): Promise<StandInProcess> {
  const child = fork(process.argv[1]!, [argument], { execArgv: [] })
  const answer = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error('the stand-in has ended')))
      child.once('message', (message) => resolve(message as T))
    })
  const url = await answer<string>()
  return {
    url,
    rows(id) {
      child.send({ id })
      return answer<number>()
    },
    leave: (ms) => void child.send({ ms }),
    close: () => void child.kill(),
  }
}

/** Is the stand-in, until the parent ends it. */
export async function serve(): Promise<void> {
  const server = await WandbStandIn.start()
  process.on('message', ({ id = '', ms }: { id?: string; ms?: number }) => {
    if (ms !== undefined) return void server.kill().then(() => setTimeout(() => void server.restart(), ms))
    // A client that loses lines leaves gaps.
    const rows = server.runs
      .get(id)
      ?.lines('wandb-history.jsonl')
      .filter((line) => line !== undefined).length
    server.runs.delete(id)
    process.send!(rows ?? 0)
  })
  process.on('disconnect', () => process.exit())
  process.send!(server.url)
}
