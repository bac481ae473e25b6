import type { Runs, StoredRun } from '@trainyard/run-folder'
import { type CommandContext, defineCommand } from '../command.ts'
import { sayNoRun } from '../no-run.ts'
import { plainText } from '../output/text-width.ts'
import { counted } from '../output/value-text.ts'
import { type OptionValues, wholeNumber } from '../parse-arguments.ts'
import { defaultColumns, missingFields, parseOrder, splitFields, tableOf } from '../run-table.ts'
import { isArchived, newestFirst, runsOf, selectRuns } from '../select-runs.ts'

/** What lists of runs have in common. */
export const listOptions = {
  columns: {
    type: 'string',
    alias: 'c',
    valueHint: 'fields',
    description: 'what to show: id,config.lr,train.loss.min',
  },
  sort: {
    type: 'string',
    valueHint: 'field',
    description: 'sorts, the least first; -train.acc.max: the greatest first',
  },
  top: { type: 'string', alias: 'n', valueHint: 'count', description: 'the first so many' },
} as const

export const ls = defineCommand({
  summary: 'lists runs, the newest first, with what their configs differ in',
  usage: '[runs]',
  details: `A field is config.<name>, info.<name>, id, status, tags, or a metric: train.loss, the last value, or
train.loss.min, max, mean, first, count, argmin, argmax.`,
  examples: [
    'ls',
    `ls "status == 'COMPLETE' & config.lr <= 0.1" --sort val.val_loss.min -n 3`,
    'ls -q --sort -val.val_accuracy.max -n 1',
  ],
  options: {
    ...listOptions,
    quiet: { type: 'boolean', alias: 'q', description: 'only the names of the runs, one a line' },
    all: { type: 'boolean', description: 'with those that are archived' },
  },
  run(context) {
    const { runs, words, options, output } = context
    const everything = words.length === 0
    const found = everything ? newestFirst(runs) : selectRuns(runs, words)
    const shown = everything && !options.all ? found.filter((run) => !isArchived(run)) : found
    const archived = found.length - shown.length
    const none = shown.length === 0 && archived > 0 ? 'all runs are archived; --all shows them' : undefined
    if (options.quiet) {
      const selected = listed(context, shown)
      output.write(selected.map(({ id }) => `${plainText(id)}\n`).join(''))
      return selected.length > 0 ? 0 : sayNoRun(context, none)
    }
    const count = printRuns(context, shown)
    if (count === 0) return sayNoRun(context, none)
    output.remark(
      `${count} of ${counted(runs.length, 'run')}${archived > 0 ? `, ${archived} archived ones left out (--all)` : ''}`,
    )
    return 0
  },
})

/** What it takes to list runs. */
type Listing = Pick<CommandContext, 'runs' | 'output'> & {
  readonly options: OptionValues<typeof listOptions>
}

/** Prints runs as the options of a list say, and gives how many. */
export function printRuns(context: Listing, found: readonly StoredRun[]): number {
  const { runs, options, output } = context
  const selected = listed(context, found)
  const sorted = options.sort === undefined ? [] : [parseOrder(options.sort).field]
  const columns =
    options.columns === undefined
      ? defaultColumns(runs, selected, sorted)
      : splitFields('columns', options.columns)
  for (const field of missingFields(runsOf(runs, selected), [...new Set([...sorted, ...columns])]))
    output.warn(`none of these runs has ${field}`)
  if (selected.length > 0 || output.format !== 'table') output.table(tableOf(selected, columns))
  return selected.length
}

/** Sorts runs, and takes the first, as the options of a list say. */
function listed({ runs, options }: Listing, found: readonly StoredRun[]): readonly StoredRun[] {
  const sorted = options.sort === undefined ? found : sortedBy(runs, found, options.sort)
  return options.top === undefined ? sorted : sorted.slice(0, wholeNumber('top', options.top, 1))
}

function sortedBy(runs: Runs, found: readonly StoredRun[], by: string): readonly StoredRun[] {
  const { field, order } = parseOrder(by)
  return [...runsOf(runs, found).sort(field, order)]
}
