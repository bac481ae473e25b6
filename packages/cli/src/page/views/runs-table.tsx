import { computed, signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { RunRow } from '../../viewer/protocol.ts'
import { colourOf } from '../charts/line-style.ts'
import { columns, groupOf, isShown, listed, metricNames, toggleShown, valueOf } from '../data/runs.ts'
import { durationText, timeText, valueText } from '../format.ts'
import { theme } from '../state/theme.ts'
import { show, view } from '../state/view-state.ts'
import { RunLink } from './run-link.tsx'
import { Status } from './status.tsx'

const rowHeight = 30

/** So many rows above and below those in sight are there, too. */
const overscan = 10

/** The row that the keyboard is at. */
export const current = signal<string | null>(null)

type Item =
  | { readonly kind: 'run'; readonly row: RunRow }
  | { readonly kind: 'group'; readonly name: string; readonly rows: readonly RunRow[] }

/** The rows of the table; with a group, what its runs come to stands above them. */
const items = computed<readonly Item[]>(() => {
  const { group } = view.value
  const single = (row: RunRow): Item => ({ kind: 'run', row })
  if (group === '') return listed.value.map(single)
  const groups = Map.groupBy(listed.value, groupOf)
  return [...groups].flatMap(([name, rows]): Item[] => [{ kind: 'group', name, rows }, ...rows.map(single)])
})

/** These stand before and behind the columns that are chosen. */
const leading = [['status', 104] as const]
const trailing = [['started', 108] as const, ['duration', 84] as const]

const tableColumns = computed(() => {
  const tags = listed.value.some((row) => row.tags.length > 0) ? [['tags', 110] as const] : []
  const some = listed.value.slice(0, 50)
  const widthOf = (name: string): number => {
    const longest = Math.max(
      Math.min(shortName(name).length, 18) + 2,
      ...some.map((row) => valueText(valueOf(row, name)).length),
    )
    return Math.max(60, Math.min(210, 18 + 7.4 * longest))
  }
  const longestId = Math.max(...listed.value.slice(0, 50).map(({ id }) => id.length), 4)
  const id = ['id', Math.min(190, 20 + 7.6 * longestId)] as const
  return [
    id,
    ...leading,
    ...tags,
    ...columns.value.map((name) => [name, widthOf(name)] as const),
    ...trailing,
  ]
})

/** A table of runs. Only the rows in sight are in the document, so that thousands are no more work than fifty. */
export function RunsTable() {
  const scroller = useRef<HTMLDivElement>(null)
  const range = useSignal({ top: 0, height: 600 })
  const all = items.value
  const metrics = new Set(metricNames.value)
  const shownColumns = tableColumns.value
  const look = (): void => {
    const element = scroller.current
    if (element) range.value = { top: element.scrollTop, height: element.clientHeight }
  }
  useEffect(() => {
    look()
    const size = new ResizeObserver(look)
    size.observe(scroller.current!)
    return () => size.disconnect()
  }, [])
  useEffect(() => scrollTo(scroller.current!, all, current.value), [current.value])

  const first = Math.max(0, Math.floor(range.value.top / rowHeight) - overscan)
  const last = Math.min(all.length, Math.ceil((range.value.top + range.value.height) / rowHeight) + overscan)
  const width = shownColumns.reduce((sum, [, one]) => sum + one, 34)
  return (
    // It scrolls, so the keyboard has to get there.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div class="table" ref={scroller} onScroll={look} tabIndex={0} role="region" aria-label="Runs">
      <table aria-rowcount={all.length + 1} style={{ width: `${width}px` }}>
        <colgroup>
          <col style={{ width: '34px' }} />
          {shownColumns.map(([name, one]) => (
            <col key={name} style={{ width: `${one}px` }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <span class="hidden">in the charts</span>
            </th>
            {shownColumns.map(([name]) => (
              <Heading key={name} name={name} isNumber={metrics.has(name)} />
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Filler rows={first} />}
          {all
            .slice(first, last)
            .map((item, i) =>
              item.kind === 'run' ? (
                <Row key={item.row.id} row={item.row} index={first + i + 2} names={shownColumns} />
              ) : (
                <GroupRow key={`group ${item.name}`} item={item} index={first + i + 2} names={shownColumns} />
              ),
            )}
          {last < all.length && <Filler rows={all.length - last} />}
        </tbody>
      </table>
    </div>
  )
}

function Filler({ rows }: { rows: number }) {
  return (
    <tr aria-hidden="true" class="filler">
      <td style={{ height: `${rows * rowHeight}px` }} />
    </tr>
  )
}

function Heading({ name, isNumber }: { name: string; isNumber: boolean }) {
  const { sort, statistic } = view.value
  const order = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : 'none'
  const next = order === 'none' ? name : order === 'ascending' ? `-${name}` : ''
  return (
    <th scope="col" aria-sort={order}>
      <button type="button" title={name} onClick={() => show({ sort: next })}>
        {shortName(name)}
        {isNumber && statistic !== 'last' && ` ${statistic}`}
        {order === 'none' ? '' : order === 'ascending' ? ' ↑' : ' ↓'}
      </button>
    </th>
  )
}

type Names = readonly (readonly [name: string, width: number])[]

function Row({ row, index, names }: { row: RunRow; index: number; names: Names }) {
  const { id } = row
  const isIn = isShown.value.has(id)
  const isCurrent = current.value === id
  return (
    <tr
      aria-rowindex={index}
      class={`${isCurrent ? 'current' : ''} ${row.archived ? 'archived' : ''}`}
      onClick={() => (current.value = id)}
    >
      <td>
        <input
          type="checkbox"
          checked={isIn}
          aria-label={`show run ${id} in the charts`}
          style={{ accentColor: colourOf(id, theme()) }}
          onChange={() => toggleShown(id)}
        />
      </td>
      {names.map(([name]) => (
        <Cell key={name} row={row} name={name} />
      ))}
    </tr>
  )
}

function Cell({ row, name }: { row: RunRow; name: string }) {
  if (name === 'id')
    return (
      <th scope="row">
        <RunLink id={row.id} title={row.notes || row.id} />
      </th>
    )
  if (name === 'status')
    return (
      <td>
        <Status status={row.status} />
      </td>
    )
  if (name === 'started') return <td>{timeText(row.startedAt)}</td>
  if (name === 'duration') return <td class="number">{durationText(row.duration)}</td>
  const value = valueOf(row, name)
  const text = valueText(value)
  return (
    <td class={typeof value === 'number' ? 'number' : ''} title={text.length > 20 ? text : undefined}>
      {text}
    </td>
  )
}

function GroupRow({ item, index, names }: { item: Item & { kind: 'group' }; index: number; names: Names }) {
  const metrics = new Set(metricNames.value)
  const first = names.findIndex(([name]) => metrics.has(name))
  const span = first === -1 ? names.length : first
  return (
    <tr aria-rowindex={index} class="group">
      <td />
      <th scope="rowgroup" colSpan={span} title={item.name}>
        {shortName(view.value.group)} = {item.name} <span class="quiet">({item.rows.length})</span>
      </th>
      {names.slice(span).map(([name]) => (
        <td key={name} class="number">
          {meanText(item.rows.map((row) => (row.metrics[name] ? valueOf(row, name) : undefined)))}
        </td>
      ))}
    </tr>
  )
}

/** Gives mean and standard deviation, of the whole population, of what are numbers. */
function meanText(values: readonly unknown[]): string {
  const numbers = values.filter(
    (value): value is number => typeof value === 'number' && Number.isFinite(value),
  )
  if (numbers.length === 0) return ''
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length
  return `${Number(mean.toPrecision(4))} ± ${Number(Math.sqrt(variance).toPrecision(2))}`
}

/** Moves the keyboard to another row. */
export function moveCurrent(by: number): void {
  const runs = items.value.filter((item) => item.kind === 'run').map(({ row }) => row.id)
  const at = current.value === null ? -1 : runs.indexOf(current.value)
  const next = at === -1 ? (by > 0 ? 0 : runs.length - 1) : Math.max(0, Math.min(runs.length - 1, at + by))
  current.value = runs[next] ?? null
}

function scrollTo(element: HTMLElement, all: readonly Item[], id: string | null): void {
  const index = all.findIndex((item) => item.kind === 'run' && item.row.id === id)
  if (index === -1) return
  const top = index * rowHeight
  // The heading stays above the rows.
  const room = element.clientHeight - 2 * rowHeight
  if (top < element.scrollTop) element.scrollTop = top
  else if (top > element.scrollTop + room) element.scrollTop = top - room
}

/** Gives the name of a field as the heading of its column. */
export function shortName(name: string): string {
  return name.replace(/^config\./, '')
}
