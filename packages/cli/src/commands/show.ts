import type { CheckpointEntry } from '@trainyard/checkpointer'
import { type StoredRun, Table } from '@trainyard/run-folder'
import { checkpointsOf } from '../checkpoints-of.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { messageOf } from '../errors.ts'
import { flatten } from '../flatten.ts'
import type { Output } from '../output/output.ts'
import { statusColour } from '../output/paint.ts'
import { plainText, shorten, textWidth, widest } from '../output/text-width.ts'
import { counted, durationText, shortValue } from '../output/value-text.ts'
import { isAxis, metricsOf } from '../metric-names.ts'
import { runsOf, selectRun, tagsOf } from '../select-runs.ts'

export const show = defineCommand({
  summary: 'tells all about a run: status, command, config, metrics, files, checkpoints',
  usage: '[run]',
  details: 'Without a run it is about the last one.',
  examples: ['show', 'show 7', 'show 7 --json | jq .config'],
  options: {},
  async run(context) {
    const { runs, words, output } = context
    const run = selectRun(runs, words)
    const checkpoints = await checkpointsOf(run).catch((error: unknown) => {
      output.warn(`the checkpoints of run ${run.id} cannot be listed: ${messageOf(error)}`)
      return []
    })
    if (output.format === 'json') output.json(describe(run, checkpoints))
    else if (output.format === 'table') print(output, run, checkpoints)
    else output.table(fieldTable(context, run))
  },
})

/** So many artifacts are listed at a terminal. */
const mostFiles = 20

const summaryFields = ['last', 'min', 'argmin', 'max', 'argmax', 'count'] as const

/** Gives a row a metric, without those that only say when. */
function metricRows(run: StoredRun): { metric: string; values: unknown[] }[] {
  return metricsOf(run)
    .filter(({ key }) => !isAxis(key))
    .map(({ log, key }) => {
      const summary = run.summary(log)?.keys.get(key)?.summary()
      return { metric: `${log}.${key}`, values: summaryFields.map((field) => summary?.[field]) }
    })
}

function describe(run: StoredRun, checkpoints: readonly CheckpointEntry[]): unknown {
  const { directory, status, config, info, annotations, artifacts } = run
  const metrics = metricRows(run).map(({ metric, values }) => [
    metric,
    Object.fromEntries(summaryFields.map((field, i) => [field, values[i]])),
  ])
  return {
    id: run.get('id'),
    directory,
    status,
    age: run.get('info.age'),
    duration: run.get('info.duration'),
    ...annotations,
    config,
    info,
    metrics: Object.fromEntries(metrics) as unknown,
    artifacts,
    checkpoints: checkpoints.map((entry) => ({
      name: entry.name,
      status: entry.status,
      step: entry.manifest?.step,
      epoch: entry.manifest?.epoch,
      scores: entry.manifest?.scores,
    })),
  }
}

/** Gives every field that the run has, with its value. */
function fieldTable({ runs }: Pick<CommandContext, 'runs'>, run: StoredRun): Table {
  const fields = ['id', 'status', 'tags', 'notes', 'archived', 'info.age', 'info.duration']
  const named = runsOf(runs, [run])
    .fields()
    .filter((field) => /^(config|info)\./.test(field))
  const metrics = metricsOf(run).map(({ field }) => field)
  const all = [...new Set([...fields, ...named, ...metrics])].map((field) => [field, run.get(field)] as const)
  return new Table(
    ['field', 'value'],
    all.filter(([, value]) => value !== undefined),
  )
}

function print(output: Output, run: StoredRun, checkpoints: readonly CheckpointEntry[]): void {
  const { paint } = output
  const colour = statusColour(run.status)
  const status = String(run.status ?? 'no status')
  const [age, duration] = [run.get('info.age'), run.get('info.duration')].map((seconds) =>
    typeof seconds === 'number' ? durationText(seconds) : '',
  )
  const times = [age && `started ${age} ago`, duration && `took ${duration}`].filter(Boolean)
  output.write(
    `${paint.bold(`run ${plainText(run.id)}`)}  ${colour ? paint[colour](status) : plainText(status)}  ${times.join(', ')}\n`,
  )
  pairs(output, about(run))
  const { error } = run.info
  if (error !== undefined) {
    const lines = String(error).split('\n').slice(0, 6)
    section(
      output,
      'error',
      lines.map((line) => `  ${paint.red(shorten(plainText(line), output.width - 2))}`).join('\n'),
    )
  }
  const config = [...flatten(run.config)]
  if (config.length > 0) section(output, 'config')
  pairs(output, config, output.width)
  const metrics = metricRows(run)
  if (metrics.length > 0)
    section(
      output,
      'metrics',
      indented(
        output,
        ['', ...summaryFields.map((name) => columnName(name))],
        metrics.map(({ metric, values }) => [metric, ...values]),
      ),
    )
  if (run.artifacts.length > 0) section(output, 'artifacts', fileLines(run.artifacts).join('\n'))
  if (checkpoints.length > 0) {
    section(
      output,
      'checkpoints',
      indented(output, ['', 'step', 'epoch', ''], checkpoints.map(checkpointRow)),
    )
    output.write(`  to go on: trainyard resume ${plainText(run.id)}\n`)
  }
}

function about(run: StoredRun): (readonly [string, unknown])[] {
  const { info } = run
  const args = Array.isArray(info['arguments']) ? info['arguments'].map(String) : []
  const command = [info['executable'], info['current_file_path'], ...args].filter(Boolean).join(' ')
  const resumes = Array.isArray(info['resumes']) ? info['resumes'].length : undefined
  const git = info['version_manager'] as Record<string, unknown> | undefined
  const all: (readonly [string, unknown])[] = [
    ['folder', run.directory],
    ['command', command || undefined],
    ['in', info['work_dir'] || undefined],
    ['on', info['hostname'] || undefined],
    ['commit', git?.['commit_hash']],
    ['resumed', resumes === undefined ? undefined : counted(resumes, 'time')],
    ['tags', tagsOf(run).join(', ') || undefined],
    ['notes', run.annotations.notes],
    ['archived', run.annotations.archived ? 'yes' : undefined],
  ]
  return all.filter(([, value]) => value !== undefined)
}

function checkpointRow(entry: CheckpointEntry): unknown[] {
  const { name, manifest } = entry
  const said = entry.status === 'damaged' ? `damaged: ${entry.file} ${entry.reason}` : ''
  return [name, manifest?.step, manifest?.epoch, said]
}

function columnName(field: (typeof summaryFields)[number]): string {
  return field === 'argmin' || field === 'argmax' ? 'at' : field
}

function section(output: Output, title: string, text?: string): void {
  output.write(`\n${output.paint.bold(title)}\n${text === undefined ? '' : `${text}\n`}`)
}

function fileLines(paths: readonly string[]): string[] {
  const lines = paths.slice(0, mostFiles).map((path) => `  ${plainText(path)}`)
  return paths.length > mostFiles ? [...lines, `  and ${paths.length - mostFiles} more`] : lines
}

/** Prints names and values, a line each; shortened, if they have to fit. */
function pairs(output: Output, values: readonly (readonly [string, unknown])[], width = Infinity): void {
  const names = values.map(([name]) => plainText(name))
  const margin = widest(names)
  for (const [i, name] of names.entries()) {
    const space = ' '.repeat(margin - textWidth(name))
    const value = shorten(shortValue(values[i]![1]), Math.max(20, width - margin - 4))
    output.write(`${`  ${name}${space}  ${value}`.trimEnd()}\n`)
  }
}

function indented(output: Output, columns: readonly string[], rows: readonly unknown[][]): string {
  return output.tableText(new Table(columns, rows), '  ')
}
