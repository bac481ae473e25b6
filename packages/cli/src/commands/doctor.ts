import { Table } from '@trainyard/run-folder'
import { defineCommand } from '../command.ts'
import { examine } from '../examine.ts'
import { sayNoRun } from '../no-run.ts'
import { counted } from '../output/value-text.ts'
import { selectRuns } from '../select-runs.ts'

export const doctor = defineCommand({
  summary: 'looks for what is torn, damaged, dead or doubtful in runs',
  usage: '[runs]',
  details: `Reads everything, also every byte of the checkpoints, and changes nothing. Finds: metadata that is missing
or cannot be read, runs whose process is gone, lines that are no rows, steps that stand twice, metrics that are not
finite, checkpoints and artifacts that are damaged.`,
  examples: ['doctor', 'doctor 7', 'doctor --json'],
  options: {},
  async run(context) {
    const { runs, folder, words, output } = context
    const selected = words.length === 0 ? [...runs] : selectRuns(runs, words)
    const found = await examine(runs, selected, folder)
    if (found.length > 0 || output.format !== 'table')
      output.table(
        new Table(
          ['id', 'file', 'problem'],
          found.map(({ id, file, problem }) => [id, file, problem]),
        ),
      )
    if (selected.length === 0 && found.length === 0) return sayNoRun(context)
    const what = counted(selected.length, 'run')
    output.note(
      found.length === 0 ? `${what}, nothing wrong` : `${what}, ${counted(found.length, 'problem')}`,
    )
    return found.length === 0 ? 0 : 1
  },
})
