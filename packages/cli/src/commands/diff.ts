import { isDeepStrictEqual } from 'node:util'
import { type Runs, type StoredRun, Table } from '@trainyard/run-folder'
import { defineCommand } from '../command.ts'
import { failUsage } from '../errors.ts'
import { compareMetrics, type FirstDifference, type MetricComparison } from '../first-difference.ts'
import { isAxis, metricsOf } from '../metric-names.ts'
import type { Output } from '../output/output.ts'
import { counted, shortValue } from '../output/value-text.ts'
import { runsOf, selectRuns } from '../select-runs.ts'

/** What of the info of runs is compared: where and from what they came. */
const infoFields = ['status', 'info.hostname', 'info.executable', 'info.version_manager.commit_hash']

export const diff = defineCommand({
  summary: 'shows in what runs differ, and from which step on',
  usage: '<run> <run> [more]',
  details: `Shows what differs in the configs, the status, the host, the commit, and the last values of metrics. Of
two runs it also finds, for each metric, the first step at which the values are not the same, to the last bit; times
do not count. With --all it shows what is equal, too. The exit code is 0 if nothing differs, else 1.`,
  examples: ['diff 3 7', 'diff -2 last', 'diff 3..6 --csv'],
  options: { all: { type: 'boolean', description: 'shows what is equal, too' } },
  run({ runs, words, options, output }) {
    const selected = selectRuns(runs, words)
    if (selected.length < 2) failUsage(`two runs or more are expected, not ${selected.length}`)
    const fields = comparedFields(runs, selected)
    const [a, b] = selected as [StoredRun, StoredRun]
    const metrics = selected.length === 2 ? compareMetrics(a, b) : []
    const firsts = new Map(metrics.map(({ metric, first }) => [metric, first]))
    const all = fields.map((field) => ({ field, values: selected.map((run) => run.get(field)) }))
    const differs = ({ field, values }: (typeof all)[number]): boolean =>
      firsts.get(field) !== undefined || values.some((value) => !isDeepStrictEqual(value, values[0]))
    const rows = options.all ? all : all.filter(differs)
    if (output.format === 'json') {
      const shown = Object.fromEntries(rows.map(({ field, values }) => [field, values]))
      output.json({
        runs: selected.map((run) => run.get('id')),
        fields: shown,
        ...(selected.length === 2 && { firstDifference: earliest(metrics) ?? null }),
      })
    } else if (rows.length > 0 || output.format !== 'table') {
      const isPair = selected.length === 2
      output.table(
        new Table(
          ['field', ...selected.map(({ id }) => id), ...(isPair ? ['change', 'differs from'] : [])],
          rows.map(({ field, values }) => [
            field,
            ...values,
            ...(isPair ? [changeText(values), placeText(firsts.get(field))] : []),
          ]),
        ),
      )
    }
    if (selected.length === 2) sayWhere(output, metrics)
    return all.some(differs) ? 1 : 0
  },
})

/** Names the fields of the configs in which runs may differ, then those of their info, then their metrics. */
function comparedFields(runs: Runs, selected: readonly StoredRun[]): string[] {
  const configs = runsOf(runs, selected)
    .fields()
    .filter((field) => field.startsWith('config.'))
  const metrics = selected.flatMap((run) =>
    metricsOf(run)
      .filter(({ key }) => !isAxis(key))
      .map(({ field }) => field),
  )
  const info = infoFields.filter((field) => selected.some((run) => run.get(field) !== undefined))
  return [...configs, ...info, ...new Set(metrics)]
}

function changeText([a, b]: readonly unknown[]): string | undefined {
  if (typeof a !== 'number' || typeof b !== 'number' || a === b || a === 0) return undefined
  const percent = ((b - a) / Math.abs(a)) * 100
  if (!Number.isFinite(percent)) return undefined
  const text = Math.abs(percent) < 0.1 ? percent.toExponential(0) : percent.toFixed(1)
  return `${percent > 0 ? '+' : ''}${text}%`
}

function placeText(first: FirstDifference | undefined): string | undefined {
  return first && `${first.by} ${first.at}`
}

/** Gives the difference that came first; steps are told from epochs, so a metric by steps is preferred. */
function earliest(
  metrics: readonly MetricComparison[],
): (FirstDifference & { readonly metric: string }) | undefined {
  const found = metrics.flatMap(({ metric, first }) => (first ? [{ metric, ...first }] : []))
  const axes = ['step', 'epoch', 'row']
  return found.toSorted((a, b) => axes.indexOf(a.by) - axes.indexOf(b.by) || a.at - b.at)[0]
}

function sayWhere(output: Output, metrics: readonly MetricComparison[]): void {
  const first = earliest(metrics)
  const common = Math.max(0, ...metrics.map((metric) => metric.common))
  if (first) {
    const [a, b] = first.values
    // As short as they can be and still differ.
    const texts = shortValue(a) === shortValue(b) ? [a, b] : [shortValue(a), shortValue(b)]
    output.remark(
      `the first difference is in ${first.metric} at ${first.by} ${first.at}: ${texts.join(' and ')}`,
    )
  } else if (common > 0)
    output.remark(`the metrics are equal, bit for bit, at the ${counted(common, 'step')} that both have`)
  else output.remark('the runs have no metric in common')
}
