import { QueryError, type Runs, type StoredRun, Table } from '@trainyard/run-folder'
import { failUsage } from './errors.ts'
import { isAxis, metricsOf } from './metric-names.ts'
import { runsOf, tagsOf } from './select-runs.ts'

/** In so many runs metrics are looked for. */
const looksAt = 10

/** At most so many metrics are shown if nobody says which. */
const mostMetrics = 3

/**
 * Chooses what to show of runs: what every run has, in what their configs differ, and of the metrics those that are called a loss.
 * @param more Fields to show in any case.
 */
export function defaultColumns(
  runs: Runs,
  selected: readonly StoredRun[],
  more: readonly string[],
): string[] {
  const tags = selected.some((run) => tagsOf(run).length > 0) ? ['tags'] : []
  const columns = ['id', 'status', 'info.age', 'info.duration', ...tags, ...runsOf(runs, selected).diff()]
  return [...new Set([...columns, ...more, ...mainMetrics(selected)])]
}

/** Takes the list of fields that was given to an option apart, at commas that are not in brackets or backticks. */
export function splitFields(option: string, text: string): string[] {
  const parts = text.match(/(?:`[^`]*`|\[[^\]]*\]|\([^)]*\)|[^,])+/g) ?? []
  const fields = parts.map((part) => part.trim()).filter((part) => part !== '')
  if (fields.length === 0) failUsage(`--${option} needs a list such as id,config.lr, not "${text}"`)
  return fields
}

/** Takes `-train.loss` apart: by what to sort, and whether the greatest comes first. */
export function parseOrder(text: string): { field: string; order: 'asc' | 'desc' } {
  return text.startsWith('-') ? { field: text.slice(1), order: 'desc' } : { field: text, order: 'asc' }
}

/** Makes a table of fields of runs, in the order of the runs. */
export function tableOf(selected: readonly StoredRun[], columns: readonly string[]): Table {
  return new Table(
    columns,
    selected.map((run) => columns.map((column) => run.get(column))),
  )
}

/** Gives the fields that none of the runs has; throws for one whose name is none. */
export function missingFields(runs: Runs, columns: readonly string[]): string[] {
  return columns.filter((column) => runs.length > 0 && !hasField(runs, column))
}

function hasField(runs: Runs, field: string): boolean {
  try {
    return runs.filter(`exists(${field})`).length > 0
  } catch (error) {
    if (!(error instanceof QueryError)) throw error
    // Of the query, which nobody has written, only the field and the reason are told.
    const reason = error.message.replace(/,? at column \d+\n[^]*$/, '')
    return failUsage(reason.includes(`"${field}"`) ? reason : `"${field}" is no field: ${reason}`)
  }
}

function mainMetrics(selected: readonly StoredRun[]): string[] {
  const metrics = selected
    .slice(0, looksAt)
    .flatMap(metricsOf)
    .filter(({ key }) => !isAxis(key))
  const losses = metrics.filter(({ key }) => key.includes('loss'))
  const names = (losses.length > 0 ? losses : metrics).map(({ field }) => field)
  return [...new Set(names)].slice(0, mostMetrics)
}
