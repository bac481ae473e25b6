import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Delivery } from './delivery.ts'
import { fail } from './errors.ts'
import type { Environment } from './netrc.ts'
import { defaultTiming, type DeliveryTiming, seconds, type WandbLoggerOptions } from './options.ts'
import { FileSource } from './record-source.ts'
import { reportOf, type WandbReport } from './report.ts'
import { scanFile } from './scan-file.ts'
import { serverSettings } from './settings.ts'

export interface SyncRunOptions {
  /** How long to try, for each file. Default: ten minutes. */
  timeout?: WandbLoggerOptions<never>['finishTimeout']
  timing?: Partial<DeliveryTiming>
  /** Where variables are looked up. Default: `process.env`. */
  env?: Environment
  /** Told about trouble. Default: `console.warn`. */
  warn?: (line: string) => void
}

/**
 * Sends what waits in the files of runs; what the server has already is not sent again, so it may be called as often as one likes.
 * @param path A `.wandb` file, the folder of a run, or a folder with those of several.
 * @returns a report for each file, the oldest first.
 * @throws if there is no such file or no API key.
 */
export async function syncRun(path: string, options: SyncRunOptions = {}): Promise<WandbReport[]> {
  const {
    timeout = { minutes: 10 },
    env = process.env,
    warn = (line) => console.warn(`[wandb] ${line}`),
  } = options
  const server = serverSettings(env)
  const timing = { ...defaultTiming, ...options.timing }
  const limit = seconds('timeout', timeout)
  const reports: WandbReport[] = []
  for (const file of filesOf(path)) {
    const source = new FileSource(file, () => Infinity)
    const delivery = new Delivery({
      server,
      timing,
      source,
      files: join(dirname(file), 'files'),
      resume: 'allow',
      warn,
    })
    const state = await delivery.finish(limit)
    // A file that cannot be read at all is in the state as an error; the others are sent nevertheless.
    const scan = await scanFile(file).catch(() => undefined)
    if (scan?.isTorn) warn(`${file} is torn or damaged: what stands behind its last whole record is not sent`)
    reports.push(reportOf(scan?.content.rows ?? 0, file, server, delivery.run, state))
  }
  return reports
}

/** Gives the `.wandb` files that a path stands for, by the time in the names of their folders. */
function filesOf(path: string): string[] {
  if (!existsSync(path)) return fail(`there is no ${path} to send`)
  if (!statSync(path).isDirectory()) return [path]
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.wandb'))
    .map((name) => join(path, name))
  if (files.length === 0) fail(`there is no .wandb file in ${path}`)
  const time = (file: string): string => basename(dirname(file)).replace('offline-', '')
  return files.toSorted((a, b) => (time(a) < time(b) ? -1 : 1))
}
