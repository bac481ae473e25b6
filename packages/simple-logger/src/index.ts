/**
 * What a run prints: `SimpleLogger` writes a line now and then, `ProgressBar` keeps one line up to date.
 *
 * ```ts
 * import { Trainer } from '@trainyard/core'
 * import { ProgressBar, SimpleLogger } from '@trainyard/simple-logger'
 *
 * const callbacks = [new SimpleLogger({ stepFreq: 100 }), new ProgressBar()]
 * await new Trainer({ module, data, maxEpochs: 3, callbacks }).train()
 * ```
 *
 * @module
 */
export { SimpleLogger, type SimpleLoggerOptions } from './simple-logger.ts'
export { ProgressBar, type ProgressBarOptions } from './progress-bar.ts'
export type { OutputStream } from './output-stream.ts'
