/**
 * The command `trainyard`: lists, compares and plots the runs in a folder, and tidies up. Programs may call it, too.
 *
 * ```ts
 * import { runCommand } from '@trainyard/cli'
 *
 * const exitCode = await runCommand(['ls', '--logs', './logs', '--sort', 'train.loss.min'])
 * ```
 *
 * @module
 */
export { runCommand } from './run-command.ts'
export type { CommandLine, Host, TextStream } from './host.ts'
