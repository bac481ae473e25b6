/**
 * Gives a program its config and its run folder: config files, overrides on the command line, sweeps.
 *
 * ```ts
 * import { launch } from '@trainyard/launch'
 *
 * // node main.js optimizer.lr=0.1,0.01 +note=first
 * await launch({ config: 'configs/config.yaml' }, async ({ config, logger }) => {
 *   for (let epoch = 0; epoch < 10; epoch++) logger.logMetrics({ loss: 1 / (epoch + 1), epoch }, 'train')
 * })
 * ```
 *
 * @module
 */
export { type Context, launch, type LaunchOptions } from './launch.ts'
export type { Schema, StandardSchema } from './schema.ts'
export type { Seeding } from './seeding.ts'
export type { Settings } from './settings.ts'
