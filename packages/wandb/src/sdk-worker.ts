import type { MessagePort } from 'node:worker_threads'
import type wandb from '@wandb/sdk'

/** What a worker that hosts `@wandb/sdk` is told at its start. */
export interface SdkWorkerData {
  /** The path of the SDK. */
  readonly sdk: string
  readonly options: Readonly<Record<string, unknown>>
}

/** What it is told later. */
export type ToSdk =
  | { readonly rows: readonly (readonly [row: Record<string, unknown>, step: number])[] }
  | { readonly exitCode: number }

/** What it tells. */
export type FromSdk =
  | { readonly kind: 'started'; readonly entity: string; readonly project: string }
  | { readonly kind: 'finished' }

/**
 * Runs in a worker, from its text: it must not use anything from outside of itself. There the SDK's crashes end the worker and not the program, and the handlers
 * for signals that it installs get none.
 */
export function sdkWorker(
  parent: MessagePort,
  { sdk, options }: SdkWorkerData,
  load: (path: string) => { default: typeof wandb },
): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  const tell = (message: FromSdk): void => parent.postMessage(message)
  // A failure has to end the worker, which tells of it.
  const crash = (error: unknown): void =>
    void setImmediate(() => {
      throw error
    })
  const started = load(sdk).default.init(options)
  let last: Promise<unknown> = started
    .then(({ entity, project }) => tell({ kind: 'started', entity, project }))
    .catch(crash)
  parent.on('message', (message: ToSdk) => {
    last = last
      .then(async () => {
        const run = await started
        if ('rows' in message) {
          for (const [row, step] of message.rows) run.log(row, step)
          return
        }
        await run.finish(message.exitCode)
        return tell({ kind: 'finished' })
      })
      .catch(crash)
  })
}
