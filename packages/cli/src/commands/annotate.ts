import { type Annotations, type StoredRun, Table } from '@trainyard/run-folder'
import { type CommandContext, defineCommand } from '../command.ts'
import { fail, failUsage, messageOf } from '../errors.ts'
import { sayNoRun } from '../no-run.ts'
import { selectRun, selectRuns, tagsOf } from '../select-runs.ts'

export const tag = defineCommand({
  summary: 'gives runs a tag, by which @tag names them; takes it away with --remove',
  usage: '<tag> <runs>',
  examples: ['tag best 7', 'tag baseline 3..5', 'tag --remove best 7'],
  options: { remove: { type: 'boolean', description: 'takes the tag away' } },
  run(context) {
    const [name, ...words] = context.words
    if (name === undefined || words.length === 0) return failUsage('name the tag, then the runs')
    if (!/^[^\s,@][^\s,]*$/.test(name))
      failUsage(`"${name}" is no tag: it has no spaces or commas, and no @ in front`)
    return annotate(context, selectRuns(context.runs, words), (run) => {
      const others = tagsOf(run).filter((one) => one !== name)
      return { tags: context.options.remove ? others : [...others, name] }
    })
  },
})

export const note = defineCommand({
  summary: 'keeps a note with a run',
  usage: '<run> <text>',
  examples: ['note 7 "the one with warm-up"', 'note 7 ""'],
  options: {},
  run(context) {
    const [word, ...texts] = context.words
    if (word === undefined || texts.length === 0) return failUsage('name the run, then the text')
    return annotate(context, [selectRun(context.runs, [word])], () => ({ notes: texts.join(' ') }))
  },
})

export const archive = defineCommand({
  summary: 'puts runs away, so that ls leaves them out; brings them back with --undo',
  usage: '<runs>',
  examples: ['archive 1..20', 'archive --undo 7', 'ls --all'],
  options: { undo: { type: 'boolean', description: 'brings them back' } },
  run(context) {
    if (context.words.length === 0) return failUsage('name the runs')
    return annotate(context, selectRuns(context.runs, context.words), () => ({
      archived: !context.options.undo,
    }))
  },
})

/** Changes what is said about runs, and prints what is said now. */
function annotate(
  context: Pick<CommandContext, 'runs' | 'folder' | 'output'>,
  selected: readonly StoredRun[],
  change: (run: StoredRun) => Annotations,
): number {
  if (selected.length === 0) return sayNoRun(context)
  for (const run of selected)
    try {
      run.annotate(change(run))
    } catch (error) {
      fail(`run ${run.id} cannot be changed: ${messageOf(error)}`, { cause: error })
    }
  context.output.table(
    new Table(
      ['id', 'tags', 'notes', 'archived'],
      selected.map((run) => ['id', 'tags', 'notes', 'archived'].map((field) => run.get(field))),
    ),
  )
  return 0
}
