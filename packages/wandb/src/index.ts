/**
 * Weights & Biases that loses nothing: every row goes to a file first, and from there to the server.
 *
 * ```ts
 * import { Trainer } from '@trainyard/core'
 * import { WandbLogger } from '@trainyard/wandb'
 *
 * const logger = new WandbLogger({ wandbName: 'first', wandbProject: 'digits', config: { learningRate: 0.01 } })
 * await new Trainer({ module, data, maxEpochs: 3, callbacks: [logger] }).train()
 * ```
 *
 * @module
 */
export { type LogValues, WandbLogger } from './wandb-logger.ts'
export type { DeliveryTiming, WandbLoggerOptions, WandbMode, WandbResume } from './options.ts'
export type { WandbReport } from './report.ts'
export { syncRun, type SyncRunOptions } from './sync-run.ts'
export { histogram, image, type ImageSource, images, Media, type Pixels, table, text } from './media.ts'
export type { ArtifactSource } from './artifact-staging.ts'
