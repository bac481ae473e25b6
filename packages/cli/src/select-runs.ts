import { QueryError, type Runs, type StoredRun } from '@trainyard/run-folder'
import { fail, failUsage } from './errors.ts'

/** Gives runs by when they were started, the last one first; of those that do not tell, or started at once, the one with the highest number. */
export function newestFirst(runs: Iterable<StoredRun>): StoredRun[] {
  return Array.from(runs, (run) => ({ run, start: String(run.get('info.started_at') ?? '') }))
    .toReversed()
    .toSorted((a, b) => (a.start === b.start ? 0 : a.start < b.start ? 1 : -1))
    .map(({ run }) => run)
}

/**
 * Finds the runs that words name: `7`, `last`, `-2`, `3..9`, `@tag`, or a query. Each run is given once, in the order of the words; those of a query or a
 * tag newest first.
 * @throws for a name that no run has. A query or a tag may find nothing.
 */
export function selectRuns(runs: Runs, words: readonly string[]): StoredRun[] {
  const found = new Map<string, StoredRun>()
  for (const word of words) for (const run of runsNamed(runs, word)) found.set(run.id, run)
  return [...found.values()]
}

/** Finds the one run that a command is about: the last one, unless words name another. */
export function selectRun(runs: Runs, words: readonly string[]): StoredRun {
  const [word = 'last', ...more] = words
  if (more.length > 0) failUsage(`one run is expected, not ${words.length}: ${words.join(' ')}`)
  const [run, ...others] = runsNamed(runs, word)
  if (!run) return fail(`no run matches ${word}`)
  if (others.length > 0)
    failUsage(`${word} means ${others.length + 1} runs; name one: ${idsOf([run, ...others])}`)
  return run
}

/** Gives the collection of certain runs, for what the Reader does with one. */
export function runsOf(runs: Runs, selected: readonly StoredRun[]): Runs {
  const ids = selected.map((run) => run.get('id') as number | string)
  return runs.where(({ id }) => id.in(ids))
}

/** Tells whether a run is put away. */
export function isArchived(run: StoredRun): boolean {
  return run.annotations.archived === true
}

/** Gives the tags of a run; a file that somebody else wrote may hold anything. */
export function tagsOf(run: StoredRun): string[] {
  const tags: unknown = run.annotations.tags
  return Array.isArray(tags) ? tags.map(String) : []
}

/** Names a few runs, for a message. */
export function idsOf(runs: readonly StoredRun[]): string {
  const ids = runs.slice(0, 5).map(({ id }) => id)
  return [...ids, ...(runs.length > 5 ? [`and ${runs.length - 5} more`] : [])].join(', ')
}

function runsNamed(runs: Runs, word: string): StoredRun[] {
  const all = [...runs]
  // A shell makes it of a variable that is not set; as a query it would mean every run.
  if (word.trim() === '') failUsage('an empty text names no run')
  const exact = all.find(({ id }) => id === word)
  if (exact) return [exact]
  if (word === 'last' || /^-[1-9]\d*$/.test(word)) return [fromEnd(all, word)]
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(word) ?? []
  if (from !== undefined) return between(all, Number(from), Number(to))
  if (word.startsWith('@')) return newestFirst(all.filter((run) => tagsOf(run).includes(word.slice(1))))
  const below = all.filter(({ id }) => id.endsWith(`/${word}`))
  if (below.length > 1) failUsage(`${word} means ${below.length} runs; name one: ${idsOf(below)}`)
  if (below.length === 1) return below
  if (/^[\w./:-]+$/.test(word) && !looksLikeField(word)) return fail(`there is no run ${word}${there(all)}`)
  return query(runs, word)
}

function fromEnd(all: readonly StoredRun[], word: string): StoredRun {
  const place = word === 'last' ? 1 : -Number(word)
  return newestFirst(all)[place - 1] ?? fail(`there is no run ${word}${there(all)}`)
}

function between(all: readonly StoredRun[], from: number, to: number): StoredRun[] {
  const found = all.filter(({ id }) => /^\d+$/.test(id) && Number(id) >= from && Number(id) <= to)
  return found.length > 0 ? found : fail(`there is no run from ${from} to ${to}${there(all)}`)
}

/** A field alone is a query, too: `archived`. */
function looksLikeField(word: string): boolean {
  return word === 'archived' || /^(config|info)\./.test(word)
}

function query(runs: Runs, text: string): StoredRun[] {
  try {
    return newestFirst(runs.filter(text))
  } catch (error) {
    if (!(error instanceof QueryError) || text.includes(' ')) throw error
    return failUsage(`"${text}" is neither a run nor a query:\n${error.message}`)
  }
}

function there(all: readonly StoredRun[]): string {
  return all.length === 0
    ? '; the folder has none at all, and --logs names another'
    : `; there are ${idsOf(newestFirst(all))}`
}
