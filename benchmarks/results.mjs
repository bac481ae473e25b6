import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, totalmem, type } from 'node:os'

/** Writes figures as a page: what they were measured on, and a table a benchmark. */
export function writeResults(file, figures) {
  const names = [...new Set(figures.map(({ bench }) => bench))]
  const tables = names.map((name) => `## ${name}\n\n${table(figures.filter(({ bench }) => bench === name))}`)
  const missed = figures.filter(({ bar }) => bar && !bar.met)
  const text = `# Results

Written by \`pnpm bench\`, all benchmarks in one run. [README.md](README.md) says what each one measures, and how. \`ratio\` is the figure over that of what it is measured against, in the same run.

- ${new Date().toISOString().slice(0, 10)}, commit ${commit()}
- ${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; ${type()}; Node ${process.version}
- ${figures.filter(({ bar }) => bar).length} bars, ${missed.length} missed${missed.length > 0 ? `: ${missed.map(({ bench, figure }) => `${bench}, ${figure}`).join('; ')}` : ''}

${tables.join('\n\n')}
`
  writeFileSync(file, text)
}

function table(figures) {
  const rows = figures.map(({ figure, value, unit, ratio, against, bar }) => [
    figure,
    `${value} ${unit}`,
    ratio === null ? '' : `${ratio}x`,
    against ?? '',
    bar ? `${bar.met ? 'met' : '**missed**'}: ${bar.text}` : '',
  ])
  const all = [['figure', 'value', 'ratio', 'against', 'bar'], ...rows]
  const widths = all[0].map((_, column) => Math.max(3, ...all.map((row) => row[column].length)))
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [line(all[0]), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

function commit() {
  try {
    const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim()
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? ' and changes' : ''}`
  } catch {
    return 'unknown'
  }
}
