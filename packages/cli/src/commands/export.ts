import { extname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { StoredRun } from '@trainyard/run-folder'
import { defineCommand } from '../command.ts'
import { failUsage } from '../errors.ts'
import { consoleText } from '../output/console-text.ts'
import { csvLine, type Format, tsvLine } from '../output/output.ts'
import { counted } from '../output/value-text.ts'
import { sayNoRun } from '../no-run.ts'
import { replaceFile } from '../replace-file.ts'
import { selectRuns } from '../select-runs.ts'

/** At least so many characters are written at once. */
const partSize = 1 << 16

export const exportRuns = defineCommand({
  summary: 'writes every row of metrics of runs as CSV, TSV or JSON',
  usage: '<runs>',
  details: `A row has the run, the metrics file, and what was logged; nothing is left out or rounded. The ending of
the file chooses the format. JSON has the configs and infos, too; what is not finite is null there, as JSON has no
NaN.`,
  examples: [
    'export 7 -o run7.csv',
    'export "config.lr == 0.1" --log train -o rate.json',
    'export last | cut -f 3,4',
  ],
  options: {
    output: { type: 'string', alias: 'o', valueHint: 'file', description: 'where to (default: stdout)' },
    log: { type: 'string', valueHint: 'name', description: 'only this metrics file' },
  },
  async run(context) {
    const { runs, words, options, output } = context
    if (words.length === 0) failUsage('name the runs, for example last')
    const selected = selectRuns(runs, words)
    const path = options.output
    const format =
      path === undefined
        ? output.format
        : (formats[extname(path)] ?? failUsage(`"${path}" must end in .csv, .tsv or .json`))
    let rows = 0
    const counting = function* (run: StoredRun): Generator<LoggedRow> {
      for (const row of rowsOf(run, options.log)) {
        rows++
        yield row
      }
    }
    const parts =
      format === 'json'
        ? jsonText(selected, options.log, counting)
        : tableText(selected, options.log, format, counting)
    // A file that is there is not replaced by one without a row.
    const isAny = selected.some((run) => logsOf(run, options.log).length > 0)
    if (path !== undefined) {
      if (isAny) replaceFile(path, inParts(parts))
    } else
      for (const part of inParts(parts)) {
        output.write(output.format === 'table' ? consoleText(part, false) : part)
        // A stream lets go of what it has written when it gets a turn.
        await setImmediate()
      }
    if (selected.length === 0) return sayNoRun(context)
    if (rows === 0) output.note(noRows(selected, options.log))
    else if (path !== undefined)
      output.note(`${counted(rows, 'row')} of ${counted(selected.length, 'run')} → ${path}`)
    return rows > 0 ? 0 : 1
  },
})

const formats: Readonly<Record<string, Format>> = { '.csv': 'csv', '.tsv': 'tsv', '.json': 'json' }

function noRows(selected: readonly StoredRun[], log: string | undefined): string {
  const names = [...new Set(selected.flatMap((run) => run.logNames))]
  return log === undefined || names.length === 0
    ? 'these runs have no metrics'
    : `these runs have no metrics ${log}; they have ${names.join(', ')}`
}

/** A row, and the file that it is from. */
type LoggedRow = readonly [log: string, row: Readonly<Record<string, unknown>>]

type ReadRows = (run: StoredRun) => Iterable<LoggedRow>

function* rowsOf(run: StoredRun, log: string | undefined): Generator<LoggedRow> {
  for (const name of logsOf(run, log)) for (const row of run.rows(name)) yield [name, row]
}

function logsOf(run: StoredRun, log: string | undefined): readonly string[] {
  return run.logNames.filter((name) => log === undefined || log === name)
}

/**
 * Reads the rows twice, first their keys: so no more of them are in memory than one file has.
 * @yields a line of names, then a line a row.
 */
function* tableText(
  selected: readonly StoredRun[],
  log: string | undefined,
  format: Format,
  read: ReadRows,
): Generator<string> {
  const line = format === 'csv' ? csvLine : tsvLine
  const keys = new Set<string>()
  for (const run of selected)
    for (const [, row] of rowsOf(run, log)) for (const key of Object.keys(row)) keys.add(key)
  yield line(['id', 'log', ...keys])
  for (const run of selected)
    for (const [name, row] of read(run)) yield line([run.id, name, ...[...keys].map((key) => row[key])])
}

function* jsonText(
  selected: readonly StoredRun[],
  log: string | undefined,
  read: ReadRows,
): Generator<string> {
  yield '['
  for (const [i, run] of selected.entries()) {
    const { status, config, info } = run
    const head = JSON.stringify({ id: run.get('id'), status, config, info })
    yield `${i > 0 ? ',' : ''}\n${head.slice(0, -1)},"metrics":{`
    let current: string | undefined
    for (const [name, row] of read(run)) {
      if (name === current) yield ','
      else
        yield `${current === undefined ? '' : ']'}${current === undefined ? '' : ','}${JSON.stringify(name)}:[`
      current = name
      yield JSON.stringify(row)
    }
    yield `${current === undefined ? '' : ']'}}}`
  }
  yield '\n]\n'
}

/**
 * Puts small parts of text together.
 * @yields parts that are worth a write.
 */
function* inParts(texts: Iterable<string>): Generator<string> {
  let part = ''
  for (const text of texts) {
    part += text
    if (part.length < partSize) continue
    yield part
    part = ''
  }
  yield part
}
