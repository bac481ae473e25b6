import { type StoredRun, Table } from '@trainyard/run-folder'
import { type CommandContext, defineCommand } from '../command.ts'
import { failUsage } from '../errors.ts'
import { sayNoRun } from '../no-run.ts'
import { counted, sizeText } from '../output/value-text.ts'
import { selectRuns } from '../select-runs.ts'
import { checkRemovable, moveToTrash, outermost, sizeOf } from '../trash.ts'

export const rm = defineCommand({
  summary: 'moves runs to the trash; without --yes only says which',
  usage: '<runs>',
  details: `The trash is .trash in the folder of the runs. Move a run back from there, or delete the trash to have the
space. What is in it is shown by trainyard ls --logs logs/.trash/<time>.`,
  examples: ['rm 7', 'rm 3..9 --yes', `rm "status == 'FAILED' & info.age > 7d" --yes`],
  options: { yes: { type: 'boolean', description: 'does it' } },
  run(context) {
    const { runs, words, options } = context
    if (words.length === 0) failUsage('name the runs')
    const selected = selectRuns(runs, words)
    if (selected.length === 0) return sayNoRun(context)
    checkRemovable([...runs], selected)
    remove(context, selected, options.yes)
    return 0
  },
})

/** Says what goes, and moves it to the trash if that is what is wanted. */
export function remove(
  { folder, output }: Pick<CommandContext, 'folder' | 'output'>,
  selected: readonly StoredRun[],
  isMeant: boolean,
): void {
  const sizes = new Map(selected.map((run) => [run, sizeOf(run.directory)]))
  const rows = selected.map((run) => [run.get('id'), run.status, run.get('info.age'), sizes.get(run)])
  output.table(new Table(['id', 'status', 'info.age', 'size'], rows))
  const going = outermost(selected)
  const size = going.reduce((sum, run) => sum + sizes.get(run)!, 0)
  const what = `${counted(selected.length, 'run')}, ${sizeText(size)}`
  if (!isMeant) {
    output.note(`nothing was moved: ${what} would go to the trash with --yes`)
    return
  }
  const trash = moveToTrash(
    folder,
    going.map(({ directory }) => directory),
  )
  output.note(`moved to ${trash}: ${what}`)
}
