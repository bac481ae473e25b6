import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { isDeepStrictEqual } from 'node:util'
import type { RowPlace, StoredRun } from '@trainyard/run-folder'
import { type CommandContext, defineCommand } from '../command.ts'
import { fail, failUsage } from '../errors.ts'
import { consoleText } from '../output/console-text.ts'
import { RowPrinter } from '../output/row-printer.ts'
import { counted } from '../output/value-text.ts'
import { wholeNumber } from '../parse-arguments.ts'
import { selectRun } from '../select-runs.ts'

type Row = Readonly<Record<string, unknown>>

/** How often a run is looked at, in milliseconds. */
const pause = 1000

export const tail = defineCommand({
  summary: 'prints the last rows of a run, or what it printed, and goes on with -f',
  usage: '[run]',
  details: 'Without a run it is about the last one. With -f it ends when the run does.',
  examples: ['tail', 'tail 7 -f', 'tail 7 --log val -n 3', 'tail 7 --console -f'],
  options: {
    follow: { type: 'boolean', alias: 'f', description: 'goes on with what comes' },
    lines: { type: 'string', alias: 'n', valueHint: 'count', description: 'how many lines (default: 10)' },
    log: {
      type: 'string',
      valueHint: 'name',
      description: 'the metrics file (default: train, else the first)',
    },
    console: { type: 'boolean', description: 'what the program printed, if the run kept it' },
  },
  async run(context) {
    const { runs, words, options, host } = context
    if (options.console && options.log !== undefined) failUsage('either --console or --log')
    const run = selectRun(runs, words)
    const count = wholeNumber('lines', options.lines ?? '10', 0)
    const follow = options.console
      ? consoleFollower(context, run, count)
      : rowFollower(context, run, options.log, count)
    let now: StoredRun | undefined = run
    while (now) {
      // Asked first: what comes between is then read in the next round.
      const goesOn: boolean = options.follow && now.isAlive !== false && !hasEnded(now)
      follow(now)
      if (!goesOn) return
      await host.wait(pause)
      now = [...runs.refresh()].find(({ id }) => id === run.id)
    }
  },
})

function hasEnded({ status }: StoredRun): boolean {
  return status !== 'RUNNING' && status !== 'STARTING'
}

/** Prints the last rows at its first call, then those that are new. */
function rowFollower(
  { output }: Pick<CommandContext, 'output'>,
  run: StoredRun,
  wanted: string | undefined,
  count: number,
): (run: StoredRun) => void {
  const name = wanted ?? (run.logNames.includes('train') ? 'train' : run.logNames[0])
  const there = run.logNames.length === 0 ? 'it has none' : `it has ${run.logNames.join(', ')}`
  if (name === undefined || !run.logNames.includes(name))
    return fail(`run ${run.id} has no metrics ${name ?? 'yet'}; ${there}`)
  const printer = new RowPrinter(output)
  let known: Row[] | undefined
  let place: RowPlace | undefined
  return (now) => {
    const rows: Row[] = []
    let isAnew = false
    for (const part of now.rowParts(name, place)) {
      isAnew ||= part.isFirst
      for (const row of part.rows) rows.push(row)
      place = part.place
    }
    if (!known) printer.print(rows.slice(Math.max(0, rows.length - count)))
    else if (!isAnew) {
      printer.print(rows)
      for (const row of rows) known.push(row)
      return
    } else {
      const same = sameRows(known, rows)
      const gone = known.length - same
      if (gone > 0)
        output.note(`the run went back to an earlier checkpoint: ${counted(gone, 'row')} of it gone`)
      printer.print(rows.slice(same))
    }
    known = rows
  }
}

/** Counts the rows at the beginning that are still the same. */
function sameRows(before: readonly Row[], now: readonly Row[]): number {
  const changed = before.findIndex((row, i) => !isDeepStrictEqual(row, now[i]))
  return changed === -1 ? before.length : changed
}

const lineBreak = 0x0a

/** What a run keeps of what its program printed. */
const consoleFile = /^(log\.(stdout|stderr)|log_globalrank-[\w-]+\.(txt|stdout|stderr))$/

/** Prints the last lines of each file at its first call, then what is new. */
function consoleFollower(
  { output }: Pick<CommandContext, 'output'>,
  run: StoredRun,
  count: number,
): (run: StoredRun) => void {
  const names = (): string[] =>
    readdirSync(run.directory)
      .filter((name) => consoleFile.test(name))
      .toSorted()
  if (names().length === 0)
    fail(
      `run ${run.id} kept nothing of what its program printed; \`logStreamsToFile: true\` makes RunLogger keep it`,
    )
  const read = new Map<string, { readonly end: number; readonly decoder: StringDecoder }>()
  let heading = ''
  return () => {
    const files = names()
    for (const name of files) {
      const path = join(run.directory, name)
      const { size } = statSync(path)
      const known = read.get(name)
      if (known?.end === size) continue
      const isNew = !known || size < known.end
      // A character may have been written in two halves.
      const decoder = isNew ? new StringDecoder() : known.decoder
      const text = decoder.write(isNew ? lastLines(path, size, count) : readBytes(path, known.end, size))
      read.set(name, { end: size, decoder })
      if (text === '') continue
      if (files.length > 1 && heading !== name) output.write(`${heading === '' ? '' : '\n'}==> ${name} <==\n`)
      heading = name
      output.write(output.format === 'table' ? consoleText(text, output.paint.isOn) : text)
    }
  }
}

/** Gives the last lines of a file, of which no more is read than it takes. */
function lastLines(path: string, size: number, count: number): Buffer {
  for (let length = 1 << 16; ; length *= 4) {
    const start = Math.max(0, size - length)
    const bytes = readBytes(path, start, size)
    // The last line may be whole, or not yet.
    let at = bytes.at(-1) === lineBreak ? bytes.length - 1 : bytes.length
    for (let lines = 0; lines < count && at >= 0; lines++)
      at = at > 0 ? bytes.lastIndexOf(lineBreak, at - 1) : -1
    if (count === 0) return bytes.subarray(bytes.length)
    if (at >= 0) return bytes.subarray(at + 1)
    if (start === 0) return bytes
  }
}

function readBytes(path: string, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from)
  const file = openSync(path, 'r')
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from))
  } finally {
    closeSync(file)
  }
}
