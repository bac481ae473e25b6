import { defineCommand } from '../command.ts'
import { sayNoRun } from '../no-run.ts'
import { counted, sizeText } from '../output/value-text.ts'
import { isArchived, selectRuns } from '../select-runs.ts'
import { writeReport } from '../viewer/report.ts'

export const report = defineCommand({
  summary: 'writes runs as one HTML file: table, charts, configs, images',
  usage: '[runs]',
  details: `Without runs it has all that are not archived. The file needs no server and nothing else; of long metrics it
keeps what a chart shows, the least and the greatest value among it.`,
  examples: ['report', 'report "config.lr < 0.1" -o good.html', 'report 3 7 9'],
  options: {
    output: { type: 'string', alias: 'o', valueHint: 'file', description: 'where to (default: report.html)' },
  },
  async run(context) {
    const { runs, words, options, folder, output } = context
    const selected = words.length > 0 ? selectRuns(runs, words) : [...runs].filter((run) => !isArchived(run))
    if (selected.length === 0) return sayNoRun(context)
    const path = options.output ?? 'report.html'
    const size = await writeReport({ folder, runs: selected, path })
    output.note(`${counted(selected.length, 'run')} → ${path} (${sizeText(size)})`)
    return 0
  },
})
