import { basename, dirname } from 'node:path'
import { Callback, type TrainerHandle, type TrainerState } from '@trainyard/core'
import { messageOf } from '../errors.ts'
import { startViewer, type Viewer } from './start-viewer.ts'

export interface ViewerCallbackOptions {
  /** Default: 6007, or the next one that is free. */
  readonly port?: number
}

/**
 * Shows the run that is being trained in a page, as `trainyard ui` does, and prints its address. Needs a run folder: that of a `RunLogger` or an
 * `ExperimentLogger`. The page is live as long as the training goes on.
 *
 * ```ts
 * const trainer = new Trainer({ module, data, maxEpochs: 10, callbacks: [new RunFolderLogger(), new ViewerCallback()] })
 * ```
 */
export class ViewerCallback extends Callback {
  readonly #options: ViewerCallbackOptions
  #directory: string | undefined
  #viewer: Viewer | undefined

  constructor(options: ViewerCallbackOptions = {}) {
    super()
    this.#options = options
  }

  override useDirectory(directory: string): void {
    this.#directory = directory
  }

  override async onActionStart(state: TrainerState, { host }: TrainerHandle): Promise<void> {
    if (state.globalRank || state.action !== 'train') return
    if (this.#directory === undefined) {
      host.warn(
        '[cli] ViewerCallback finds no run folder; call `setup(trainer)` of a RunLogger before training',
      )
      return
    }
    try {
      this.#viewer = await startViewer({ folder: dirname(this.#directory), ...this.#options })
      host.print(
        `[cli] the run is shown at ${this.#viewer.url}&run=${encodeURIComponent(basename(this.#directory))}`,
      )
    } catch (error) {
      // Nobody wants to lose a training for want of a page.
      host.warn(`[cli] the run cannot be shown: ${messageOf(error)}`)
    }
  }

  override async onActionEnd(): Promise<void> {
    await this.#viewer?.close()
    this.#viewer = undefined
  }
}
