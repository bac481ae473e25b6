import { type CheckpointEntry, latestCheckpoint } from '@trainyard/checkpointer'
import { type Runs, type StoredRun, Table } from '@trainyard/run-folder'
import { checkpointFolder, checkpointsOf } from '../checkpoints-of.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { failUsage } from '../errors.ts'
import { sayNoRun } from '../no-run.ts'
import { counted, sizeText } from '../output/value-text.ts'
import { type OptionValues, wholeNumber } from '../parse-arguments.ts'
import { missingFields, parseOrder } from '../run-table.ts'
import { idsOf, newestFirst, runsOf, selectRuns } from '../select-runs.ts'
import { checkRemovable, moveToTrash, sizeOf } from '../trash.ts'
import { remove } from './rm.ts'

const pruneOptions = {
  failed: { type: 'boolean', description: 'those that failed, or died' },
  older: { type: 'string', valueHint: 'age', description: 'those that were started longer ago: 12h, 7d, 4w' },
  'keep-best': { type: 'string', valueHint: 'count', description: 'all but the best so many, by --by' },
  by: {
    type: 'string',
    valueHint: 'metric',
    description: 'the least is the best: val.val_loss.min; -val.acc.max: the greatest',
  },
  checkpoints: {
    type: 'boolean',
    description: 'only their checkpoints, all but the newest good one of each run',
  },
  yes: { type: 'boolean', description: 'does it' },
} as const

export const prune = defineCommand({
  summary: 'moves runs to the trash by age, status or score; without --yes only says which',
  usage: '[runs]',
  details: `A run goes if all that was asked for holds for it; one that is being written stays. With --checkpoints the
runs stay, and what goes is all of their checkpoints but the newest one that is good, and the one that was saved last.`,
  examples: [
    'prune --failed --older 7d',
    'prune --keep-best 3 --by val.val_loss.min --yes',
    `prune "status == 'COMPLETE'" --checkpoints --yes`,
  ],
  options: pruneOptions,
  async run(context) {
    const { runs, options, output } = context
    const found = pruned(context)
    // Of some there is no telling: to be named by age or score is not enough for these.
    const alive = found.filter((run) => run.isAlive !== false)
    if (alive.length > 0) output.note(`left out, as they are being written, or may be: ${idsOf(alive)}`)
    const selected = found.filter((run) => !alive.includes(run))
    if (selected.length === 0) return sayNoRun(context)
    if (options.checkpoints) return pruneCheckpoints(context, selected, options.yes)
    checkRemovable([...runs], selected)
    remove(context, selected, options.yes)
    return 0
  },
})

/** Gives the runs that a prune is about, the newest first, or the best. */
function pruned({
  runs,
  words,
  options,
}: Pick<CommandContext, 'runs' | 'words'> & {
  readonly options: OptionValues<typeof pruneOptions>
}): StoredRun[] {
  const { failed, older, by, 'keep-best': keep } = options
  if ((keep === undefined) !== (by === undefined)) failUsage('--keep-best and --by belong together')
  if (words.length === 0 && !failed && older === undefined && keep === undefined)
    failUsage('say which runs: name them, or use --failed, --older, or --keep-best with --by')
  if (older !== undefined && !/^(\d+(\.\d+)?[smhdw])+$/.test(older))
    failUsage(`--older must be an age such as 12h, 7d or 4w, not ${older}`)
  let selected = words.length > 0 ? selectRuns(runs, words) : newestFirst(runs)
  const only = (query: string): StoredRun[] => {
    const matching = new Set(Array.from(runs.filter(query), ({ id }) => id))
    return selected.filter(({ id }) => matching.has(id))
  }
  if (keep !== undefined && by !== undefined)
    selected = best(runs, selected, by).slice(wholeNumber('keep-best', keep, 1))
  if (failed) selected = only("status in ['FAILED', 'DEAD']")
  if (older !== undefined) selected = only(`info.age > ${older}`)
  return selected
}

/** Sorts runs, the best first; those without a score come last. */
function best(runs: Runs, selected: readonly StoredRun[], by: string): StoredRun[] {
  const { field, order } = parseOrder(by)
  const among = runsOf(runs, selected)
  if (missingFields(among, [field]).length > 0) failUsage(`--by: none of these runs has ${field}`)
  return [...among.sort(field, order)]
}

async function pruneCheckpoints(
  { folder, output }: Pick<CommandContext, 'folder' | 'output'>,
  selected: readonly StoredRun[],
  isMeant: boolean,
): Promise<number> {
  const going: { run: StoredRun; path: string; name: string; size: number }[] = []
  for (const run of selected) {
    const latest = await latestCheckpoint(checkpointFolder(run))
    // Of a run that has no good one, nothing goes: a part of what is damaged may be of use.
    if (latest.status !== 'found') continue
    const all = await checkpointsOf(run)
    // A run that has gone back has saved one of fewer steps last.
    const [savedLast] = all.toSorted((a, b) => savedAt(b) - savedAt(a))
    for (const entry of all)
      if (entry.path !== latest.checkpoint.path && entry !== savedLast)
        going.push({ run, path: entry.path, name: entry.name, size: sizeOf(entry.path) })
  }
  if (going.length === 0) {
    output.note('no checkpoint can go: of each run the newest good one stays')
    return 1
  }
  output.table(
    new Table(
      ['id', 'checkpoint', 'size'],
      going.map(({ run, name, size }) => [run.get('id'), name, size]),
    ),
  )
  const what = `${counted(going.length, 'checkpoint')}, ${sizeText(going.reduce((sum, { size }) => sum + size, 0))}`
  if (isMeant)
    output.note(
      `moved to ${moveToTrash(
        folder,
        going.map(({ path }) => path),
      )}: ${what}`,
    )
  else output.note(`nothing was moved: ${what} would go to the trash with --yes`)
  return 0
}

function savedAt({ manifest }: CheckpointEntry): number {
  return manifest ? Date.parse(manifest.savedAt) : -Infinity
}
