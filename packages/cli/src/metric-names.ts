import type { StoredRun } from '@trainyard/run-folder'

/** A metric of a run. */
export interface Metric {
  /** The file that it is in. */
  readonly log: string
  readonly key: string
  /** Its name, as a query takes it. */
  readonly field: string
}

/** Gives all metrics of a run, in the order in which they were first logged. */
export function metricsOf(run: StoredRun): Metric[] {
  return run.logNames.flatMap((log) =>
    Array.from(run.summary(log)?.keys.keys() ?? [], (key) => ({
      log,
      key,
      field: `${quoted(log)}.${quoted(key)}`,
    })),
  )
}

/** Tells whether a metric says when, and not what: a step, an epoch, a time. */
export function isAxis(key: string): boolean {
  return key === 'step' || key === 'epoch' || key === 'batch' || /(^|_)time$/.test(key)
}

/** A name with other characters stands in backticks. */
function quoted(name: string): string {
  return /^[\p{L}_][\p{L}\p{N}_-]*(\.[\p{L}\p{N}_-]+)*$/u.test(name) ? name : `\`${name}\``
}
