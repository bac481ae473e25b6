import type { Phase, Result } from './result.ts'

/** Which rows a table has. */
export interface FormatTableOptions {
  /** Leaves out the operations that pass everywhere (false). */
  problemsOnly?: boolean
}

/**
 * Makes a table of results, in Markdown, a row for each operation: `ok`, or what is wrong, on which input sets if not on
 * all, and in brackets why it is permitted. A dash stands for what is not there to be checked.
 */
export function formatTable(results: readonly Result[], options: FormatTableOptions = {}): string {
  const rows = [...grouped(results, ({ op }) => op)]
    .filter(([, own]) => !options.problemsOnly || own.some(({ status }) => status !== 'ok'))
    .map(([op, own]) => [op, cell(own, 'forward'), cell(own, 'gradient')])
  const [head, ...body] = aligned([['operation', 'forward', 'gradient'], ...rows])
  const rule = head!.map((title) => '-'.repeat(title.length))
  return [head!, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function cell(results: readonly Result[], phase: Phase): string {
  const own = results.filter((result) => result.phase === phase)
  if (own.length === 0) return '-'
  const problems = own.filter(({ status }) => status !== 'ok')
  if (problems.length === 0) return 'ok'
  return [...grouped(problems, kindOf)]
    .map(([kind, alike]) => {
      const sets = alike.length < own.length ? ` (${alike.map(({ set }) => set).join(', ')})` : ''
      const { message, permitted } = alike[0]!
      return `${kind.split('\n')[0]}: ${message}${sets}${permitted ? ` [${permitted}]` : ''}`
    })
    .join('; ')
    .replaceAll('|', '\\|')
}

// What is wrong differs in its numbers from set to set; the first stands for all.
function kindOf({ status, message, permitted = '' }: Result): string {
  return status === 'wrong' ? `WRONG\n${permitted}` : `${status}\n${message}\n${permitted}`
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

function aligned(rows: readonly string[][]): string[][] {
  const columns = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((text, column) => text.padEnd(columns[column]!)))
}
