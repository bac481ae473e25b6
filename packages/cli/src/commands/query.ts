import {
  type Aggregator,
  count,
  last,
  max,
  mean,
  min,
  type Runs,
  std,
  type StoredRun,
  Table,
} from '@trainyard/run-folder'
import { defineCommand } from '../command.ts'
import { failUsage } from '../errors.ts'
import { sayNoRun } from '../no-run.ts'
import { counted } from '../output/value-text.ts'
import { wholeNumber } from '../parse-arguments.ts'
import { missingFields, parseOrder, splitFields } from '../run-table.ts'
import { isArchived, newestFirst, runsOf, selectRuns } from '../select-runs.ts'
import { listOptions, printRuns } from './ls.ts'

const aggregators: Readonly<Record<string, (field: string) => Aggregator>> = {
  count,
  min,
  max,
  mean,
  std,
  last,
}

export const query = defineCommand({
  summary: 'finds runs by a query, and says what groups of them come to',
  usage: '[runs]',
  details: `A query compares fields: == != < <= > >=, in [1, 2], contains 'x', =~ '^pattern', exists(config.lr),
config.lr is null, joined by and, or, not and brackets; durations are written 1h30m, dates 2026-11-02. Every query of
MLXPy is one.

Without --group and --agg it lists the runs. The aggregates are count, count(field), min(field), max, mean, std (of
the whole group) and last. --sort and -n then are about the groups: --sort "mean(val.val_loss)".`,
  examples: [
    'query "train.loss.min < 0.1 and info.duration < 10m"',
    'query --group config.lr',
    `query "status == 'COMPLETE'" --group config.lr --agg "mean(val.val_loss),count"`,
  ],
  options: {
    ...listOptions,
    group: {
      type: 'string',
      valueHint: 'fields',
      description: 'puts runs together that have the same values there',
    },
    agg: { type: 'string', valueHint: 'aggregates', description: 'what to make of a group (default: count)' },
  },
  run(context) {
    const { runs, words, options, output } = context
    const found =
      words.length > 0 ? selectRuns(runs, words) : newestFirst(runs).filter((run) => !isArchived(run))
    if (options.group === undefined && options.agg === undefined)
      return printRuns(context, found) > 0 ? 0 : sayNoRun(context)
    if (options.columns !== undefined)
      failUsage('-c chooses the columns of a list of runs; groups have those of --group and --agg')
    const table = groupTable(runs, found, options, (field) => output.warn(`none of these runs has ${field}`))
    const sorted = options.sort === undefined ? table : sortTable(table, options.sort)
    const top = options.top === undefined ? sorted.rows.length : wholeNumber('top', options.top, 1)
    if (found.length > 0 || output.format !== 'table')
      output.table(new Table(sorted.columns, sorted.rows.slice(0, top)))
    if (found.length === 0) return sayNoRun(context)
    output.remark(`${counted(table.rows.length, 'group')} of ${counted(found.length, 'run')}`)
    return 0
  },
})

function groupTable(
  runs: Runs,
  found: readonly StoredRun[],
  { group, agg = 'count' }: { readonly group: string | undefined; readonly agg: string | undefined },
  onMissing: (field: string) => void,
): Table {
  const fields = group === undefined ? [] : splitFields('group', group)
  const aggregates = splitFields('agg', agg).map(parseAggregate)
  const about = aggregates.flatMap(({ field }) => field ?? [])
  const selected = runsOf(runs, found)
  for (const field of missingFields(selected, [...new Set([...fields, ...about])])) onMissing(field)
  return selected
    .groupBy(...fields)
    .aggregate(Object.fromEntries(aggregates.map(({ text, aggregate }) => [text, aggregate])))
}

function parseAggregate(text: string): { text: string; field: string | undefined; aggregate: Aggregator } {
  const [, name, field] = /^(\w+)(?:\((.*)\))?$/s.exec(text) ?? []
  if (name === 'count' && !field) return { text, field: undefined, aggregate: count() }
  const make = name !== undefined && Object.hasOwn(aggregators, name) ? aggregators[name] : undefined
  if (!make || !field)
    return failUsage(
      `"${text}" is no aggregate; there are count, ${Object.keys(aggregators)
        .map((known) => `${known}(field)`)
        .join(', ')}`,
    )
  return { text, field: field.trim(), aggregate: make(field.trim()) }
}

/** Sorts groups by one of their columns; numbers come before texts, and what is missing or NaN last. */
function sortTable({ columns, rows }: Table, by: string): Table {
  const { field, order } = parseOrder(by)
  const at = columns.indexOf(field)
  if (at === -1) failUsage(`--sort ${field}: the groups have ${columns.join(', ')}`)
  const sign = order === 'asc' ? 1 : -1
  const rank = (value: unknown): number =>
    typeof value === 'number' && !Number.isNaN(value) ? 0 : typeof value === 'string' ? 1 : 2
  return new Table(
    columns,
    rows.toSorted((a, b) => {
      const [x, y] = [a[at] as number, b[at] as number]
      return rank(x) - rank(y) || (x < y ? -sign : x > y ? sign : 0)
    }),
  )
}
