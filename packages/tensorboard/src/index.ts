/**
 * Writes runs for TensorBoard.
 *
 * ```ts
 * import { Trainer } from '@trainyard/core'
 * import { SummaryWriter, TensorboardLogger } from '@trainyard/tensorboard'
 *
 * const logger = new TensorboardLogger(new SummaryWriter('runs/a'), { tensorsToLog: ['loss', 'accuracy'] })
 * await new Trainer({ module, data, maxEpochs: 3, callbacks: [logger] }).train()
 * ```
 *
 * @module
 */
export { TensorboardLogger, type TensorboardLoggerOptions } from './tensorboard-logger.ts'
export type { TensorLogsOptions } from './tensor-logs.ts'
export type { GradientSource } from './weight-logs.ts'
export { SummaryWriter, type SummaryWriterOptions } from '@trainyard/tensorboard-plugin-writer'
