import { computed, effect, signal } from '@preact/signals'
import { numberOf, type ProblemRow, type RunRow, type RunsMessage } from '../../viewer/protocol.ts'
import { messageOf, valueText } from '../format.ts'
import { show, view } from '../state/view-state.ts'
import type { Source } from './source.ts'

/** So many runs are in the charts if nobody says which. */
const firstShown = 10

/** So many columns of each kind the table has if nobody says which. */
const mostColumns = 8

export const source = signal<Source>(undefined as unknown as Source)
export const folder = signal('')
export const canWrite = signal(false)
export const isLoaded = signal(false)
/** What went wrong last, for the person at the page. */
export const failure = signal('')
export const rows = signal<ReadonlyMap<string, RunRow>>(new Map())
export const problems = signal<readonly ProblemRow[]>([])

/** The runs that the filter holds for; null for all. */
const matching = signal<ReadonlySet<string> | null>(null)
export const filterError = signal<{ error: string; position: number } | null>(null)

export async function load(from: Source): Promise<void> {
  source.value = from
  try {
    const [info, message] = await Promise.all([from.folder(), from.runs()])
    folder.value = info.folder
    canWrite.value = info.writable && from.canWrite
    take(message)
    isLoaded.value = true
    from.listen(message.revision, take)
  } catch (error) {
    failure.value = messageOf(error)
  }
}

function take(message: RunsMessage): void {
  const { removed } = message
  const next = new Map(removed ? rows.value : [])
  for (const row of message.rows) next.set(row.id, row)
  for (const id of removed ?? []) next.delete(id)
  rows.value = next
  problems.value = message.problems
}

let asked = 0
effect(() => {
  const { filter } = view.value
  // What a run is may change, and with it whether the filter holds.
  void rows.value
  const now = ++asked
  if (filter.trim() === '' || !isLoaded.value) {
    matching.value = null
    filterError.value = null
    return
  }
  void match(filter, now)
})

/** Asks which runs a filter takes, unless another one has been typed meanwhile. */
async function match(filter: string, now: number): Promise<void> {
  try {
    const answer = await source.peek().filter(filter)
    if (now !== asked) return
    filterError.value = 'error' in answer ? answer : null
    // What is being typed is no query yet; the last one stays.
    if ('ids' in answer) matching.value = new Set(answer.ids)
  } catch (error) {
    failure.value = messageOf(error)
  }
}

/** The runs of the table, in their order. */
export const listed = computed<readonly RunRow[]>(() => {
  const { sort, archived } = view.value
  const all = [...rows.value.values()].filter(
    (row) => (archived || !row.archived) && (matching.value?.has(row.id) ?? true),
  )
  if (sort === '')
    return all.toSorted((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0) || byValue(idOf(b), idOf(a)))
  const field = sort.replace(/^-/, '')
  const sign = sort.startsWith('-') ? -1 : 1
  return all
    .map((row) => ({ row, value: valueOf(row, field) }))
    .toSorted((a, b) => compareValues(a.value, b.value, sign))
    .map(({ row }) => row)
})

/** The fields of the configs in which runs differ, then those in which they do not. */
export const configFields = computed(() => {
  const all = [...rows.value.values()]
  const names = new Set(all.flatMap(({ config }) => Object.keys(config)))
  const differs = (name: string): boolean => {
    const first = JSON.stringify(all[0]?.config[name])
    return all.some(({ config }) => JSON.stringify(config[name]) !== first)
  }
  const varying = [...names].filter(differs)
  const chosen = new Set(varying)
  return { varying, same: [...names].filter((name) => !chosen.has(name)) }
})

/** By what runs can be grouped. */
export const groupFields = computed(() => ['status', ...configFields.value.varying])

/** Whether charts have lines of groups. */
export const areGrouped = computed(() => view.value.bands && view.value.group !== '')

/** Gives the name of the group that a run is in. */
export function groupOf(row: RunRow): string {
  return valueText(groupValueOf(row)) || '(none)'
}

export function groupValueOf(row: RunRow): unknown {
  return valueOf(row, view.value.group)
}

/** The metrics that some run has, those of a file together. */
export const metricNames = computed(() => {
  const names = new Set([...rows.value.values()].flatMap(({ metrics }) => Object.keys(metrics)))
  return [...Map.groupBy(names, (name) => name.split('.')[0]).values()].flat()
})

/** The columns of the table, without those that every run has. */
export const columns = computed<readonly string[]>(() => {
  const { columns: wanted } = view.value
  if (wanted) return wanted
  return [...configFields.value.varying.slice(0, mostColumns), ...metricNames.value.slice(0, mostColumns)]
})

/** The runs in the charts. */
export const shown = computed<readonly string[]>(() => {
  const { show: wanted } = view.value
  if (wanted === '*') return listed.value.map(({ id }) => id)
  return wanted ?? listed.value.slice(0, firstShown).map(({ id }) => id)
})

export const isShown = computed(() => new Set(shown.value))

export function toggleShown(id: string): void {
  const now = shown.value
  show({ show: now.includes(id) ? now.filter((other) => other !== id) : [...now, id] })
}

/** Gives what a run has in a column. */
export function valueOf(row: RunRow, field: string): unknown {
  switch (field) {
    case 'id':
      return idOf(row)
    case 'status':
      return row.status
    case 'started':
      return row.startedAt
    case 'duration':
      return row.duration
    case 'tags':
      return row.tags.join(', ')
    default: {
      const metric = row.metrics[field]
      if (!metric) return row.config[field]
      return numberOf(metric[{ last: 0, min: 1, max: 2 }[view.value.statistic]])
    }
  }
}

function idOf({ id }: RunRow): number | string {
  return /^\d+$/.test(id) ? Number(id) : id
}

/** Orders numbers, then texts, then what is no number, then what is missing, whichever way it is sorted. */
export function compareValues(a: unknown, b: unknown, sign: -1 | 1 = 1): number {
  return rank(a) - rank(b) || sign * byValue(a, b)
}

function rank(value: unknown): number {
  if (typeof value === 'number') return Number.isNaN(value) ? 2 : 0
  return value === undefined || value === null || value === '' ? 3 : 1
}

function byValue(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a) < String(b) ? -1 : Number(String(a) > String(b))
}
