import { type Columns, type StoredRun, Table } from '@trainyard/run-folder'
import { defineCommand } from '../command.ts'
import { fail, failUsage } from '../errors.ts'
import { metricsOf } from '../metric-names.ts'
import { sayNoRun } from '../no-run.ts'
import type { Output } from '../output/output.ts'
import type { Colour } from '../output/paint.ts'
import { plainText } from '../output/text-width.ts'
import { counted, shortValue } from '../output/value-text.ts'
import { wholeNumber } from '../parse-arguments.ts'
import { linePlot, type Line } from '../plot/line-plot.ts'
import { idsOf, selectRuns } from '../select-runs.ts'

const colours: readonly Colour[] = ['cyan', 'yellow', 'magenta', 'green', 'blue', 'red']
/** What lines are drawn with where there is no colour to tell them apart. */
const letters = 'abcdefghijklmnopqrstuvwxyz'

/** A metric of a run, as it was logged. */
interface Series {
  readonly run: StoredRun
  readonly x: readonly number[]
  /** Null where there is no number. */
  readonly y: readonly (number | null)[]
}

export const plot = defineCommand({
  summary: 'draws a metric of runs in the terminal',
  usage: '<metric> [runs]',
  details: `Without a run it is about the last one. The greatest and the least value are always to be seen, however
many there are. In a pipe it gives the numbers.`,
  examples: [
    'plot train.loss',
    'plot train.loss 3 7 --log-y',
    'plot val.val_accuracy "config.lr == 0.1" --by epoch',
  ],
  options: {
    by: {
      type: 'string',
      valueHint: 'axis',
      description: 'step, epoch or row (default: the first that there is)',
    },
    'log-y': { type: 'boolean', description: 'draws values on a logarithmic axis' },
    height: { type: 'string', valueHint: 'rows', description: 'how high it is (default: 16)' },
  },
  run(context) {
    const { runs, words, options, output } = context
    const [metric, ...named] = words
    if (metric === undefined) return failUsage('name a metric, such as train.loss')
    const by = options.by
    if (by !== undefined && !['step', 'epoch', 'row'].includes(by))
      failUsage(`--by must be step, epoch or row, not ${by}`)
    const rows = wholeNumber('height', options.height ?? '16', 4)
    const selected = selectRuns(runs, named.length > 0 ? named : ['last'])
    const { axis, series } = readSeries(selected, metric, by)
    if (selected.length === 0) return sayNoRun(context)
    if (series.length === 0) fail(missing(selected, metric, by))
    if (output.format === 'table') draw(output, series, { metric, axis, rows, isLog: options['log-y'] })
    else output.table(numbers(series, axis))
    return 0
  },
})

/** Reads a metric of the runs that have it, by an axis that all of them have. */
function readSeries(
  selected: readonly StoredRun[],
  metric: string,
  by: string | undefined,
): { axis: string; series: Series[] } {
  const read = (axis: string | undefined): { run: StoredRun; columns: Columns }[] =>
    selected
      .filter((run) => run.get(metric) !== undefined)
      .map((run) => ({ run, columns: run.columns([metric], axis) }))
  const axisOf = (columns: Columns): string => Object.keys(columns)[0]!
  const found = read(by)
  const axes = new Set(found.map(({ columns }) => axisOf(columns)))
  const axis = axes.size === 1 ? [...axes][0]! : 'row'
  const series = (axes.size > 1 ? read(axis) : found).map(({ run, columns }): Series => {
    return { run, x: columns[axis] as number[], y: columns[metric]! }
  })
  // What is made of a metric, such as train.loss.min, is no row of values.
  return { axis, series: series.filter(({ y }) => y.some((value) => value !== null)) }
}

function missing(selected: readonly StoredRun[], metric: string, by: string | undefined): string {
  const without = by === undefined ? undefined : readSeries(selected, metric, undefined)
  if (without && without.series.length > 0)
    return `the rows of ${metric} have no ${by}; use --by ${without.axis}, or leave it out`
  const [first] = selected as [StoredRun]
  const names = metricsOf(first).map(({ field }) => field)
  const there = names.length > 0 ? names.join(', ') : 'none'
  return selected.length === 1
    ? `run ${first.id} has no values ${metric}; it has ${there}`
    : `none of the runs ${idsOf(selected)} has values ${metric}; run ${first.id} has ${there}`
}

/** Makes a table with a row for each place on the axis, and a column a run. */
function numbers(series: readonly Series[], axis: string): Table {
  const places = [...new Set(series.flatMap(({ x }) => x))].toSorted((a, b) => a - b)
  const values = series.map(({ x, y }) => new Map(x.map((at, i) => [at, y[i]])))
  return new Table(
    [axis, ...series.map(({ run }) => run.id)],
    places.map((at) => [at, ...values.map((of) => of.get(at) ?? undefined)]),
  )
}

interface Drawing {
  readonly metric: string
  readonly axis: string
  readonly rows: number
  readonly isLog: boolean
}

function draw(output: Output, series: readonly Series[], { metric, axis, rows, isLog }: Drawing): void {
  const { paint, width } = output
  const lines = series.map(finiteOnly)
  const paintLine = (text: string, line: number): string => paint[colours[line % colours.length]!](text)
  const isAlone = series.length === 1
  const letter = (line: number): string => letters[line % letters.length]!
  const drawn = linePlot(lines, {
    columns: width,
    rows,
    isLog,
    text: (number) => shortValue(Number(number.toPrecision(4))),
    mark: (characters, line) => {
      if (paint.isOn) return paintLine(characters, line)
      return isAlone ? characters : letter(line).repeat(characters.length)
    },
  })
  output.write(`${paint.bold(plainText(metric))} by ${axis}${isLog ? ', logarithmic' : ''}\n`)
  output.write(
    drawn ? `${drawn.join('\n')}\n` : `nothing to draw: no value is ${isLog ? 'positive' : 'finite'}\n`,
  )
  for (const [i, { run, y }] of series.entries()) {
    const sign = paint.isOn ? paintLine('━', i) : isAlone ? '━' : letter(i)
    output.write(`${sign} run ${plainText(run.id)}  ${summary(lines[i]!, y, isLog, axis)}\n`)
  }
}

function finiteOnly({ x, y }: Series): Line {
  const kept = x.map((_, i) => i).filter((i) => Number.isFinite(y[i]))
  return { x: kept.map((i) => x[i]!), y: kept.map((i) => y[i]!) }
}

function summary({ x, y }: Line, all: Series['y'], isLog: boolean, axis: string): string {
  if (y.length === 0)
    return `nothing finite in ${counted(all.filter((value) => value !== null).length, 'value')}`
  let [least, greatest] = [0, 0]
  for (let i = 1; i < y.length; i++) {
    if (y[i]! < y[least]!) least = i
    if (y[i]! > y[greatest]!) greatest = i
  }
  const at = (i: number): string => `${shortValue(y[i])} at ${axis} ${x[i]!}`
  const parts = [`last ${shortValue(y.at(-1))}`, `min ${at(least)}`, `max ${at(greatest)}`]
  const notFinite = all.filter((value) => value !== null && !Number.isFinite(value)).length
  if (notFinite > 0) parts.push(`${notFinite} not finite`)
  const notPositive = isLog ? y.filter((value) => value <= 0).length : 0
  if (notPositive > 0) parts.push(`${notPositive} not positive`)
  return parts.join('  ')
}
