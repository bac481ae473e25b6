/**
 * The command `trainyard`: lists, compares and plots the runs in a folder, shows them in a page, and tidies up. Programs may call it, too.
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

// The viewer
export { startViewer, type Viewer, type ViewerOptions } from './viewer/start-viewer.ts'
export { ViewerCallback, type ViewerCallbackOptions } from './viewer/viewer-callback.ts'
export { type ReportOptions, writeReport } from './viewer/report.ts'
