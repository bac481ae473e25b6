import { signal } from '@preact/signals'
import { axes, type Axis } from '../../viewer/protocol.ts'

export type Statistic = 'last' | 'min' | 'max'

/** What is to be seen. All of it stands behind the # of the address, so that the address is the view. */
export interface ViewState {
  /** The run whose page is open. */
  readonly run: string | null
  /** Whether the shown runs are compared. */
  readonly compare: boolean
  readonly filter: string
  /** `-train.loss` sorts from the greatest to the least. */
  readonly sort: string
  readonly group: string
  /** Whether the charts have a line a group, and not a line a run. */
  readonly bands: boolean
  /** The columns of the table; null for those in which the runs differ. */
  readonly columns: readonly string[] | null
  readonly statistic: Statistic
  /** The runs in the charts; null for the first few of the table, `*` for all of it. */
  readonly show: readonly string[] | '*' | null
  readonly archived: boolean
  readonly axis: Axis
  readonly logX: boolean
  readonly logY: boolean
  readonly smoothing: number
  readonly zoom: readonly [from: number, to: number] | null
  /** A part of the names of the metrics that have charts. */
  readonly metrics: string
  /** Which half of the page is hidden, so that the other one has all of it. */
  readonly hidden: '' | 'runs' | 'charts'
}

const start: ViewState = {
  run: null,
  compare: false,
  filter: '',
  sort: '',
  group: '',
  bands: false,
  columns: null,
  statistic: 'last',
  show: null,
  archived: false,
  axis: 'step',
  logX: false,
  logY: false,
  smoothing: 0,
  zoom: null,
  metrics: '',
  hidden: '',
}

/** The view that is shown. */
export const view = signal<ViewState>(parseView(location.hash))

/** Changes the view, and the address with it. */
export function show(change: Partial<ViewState>, { isNew = false } = {}): void {
  view.value = { ...view.value, ...change }
  const address = `#${viewText(view.value)}`
  if (isNew) history.pushState(null, '', address)
  else history.replaceState(null, '', address)
}

/** Goes from a run to what it was opened from, and from a comparison to all runs. */
export function goBack(): void {
  if (view.value.run !== null) show({ run: null })
  else if (view.value.compare) show({ compare: false })
}

addEventListener('popstate', () => (view.value = parseView(location.hash)))

export function parseView(text: string): ViewState {
  const given = new URLSearchParams(text.replace(/^#/, ''))
  const zoom = given.get('zoom')?.split('~').map(Number)
  const smoothing = Number(given.get('smooth') ?? 0)
  const wanted = given.getAll('show')
  return {
    run: given.get('run'),
    compare: given.has('compare'),
    filter: given.get('filter') ?? '',
    sort: given.get('sort') ?? '',
    group: given.get('group') ?? '',
    bands: given.has('bands'),
    hidden: oneOf(['', 'runs', 'charts'], given.get('hide')),
    columns: given.has('column') ? given.getAll('column').filter(Boolean) : null,
    statistic: oneOf(['last', 'min', 'max'], given.get('value')),
    show: wanted.length === 0 ? null : wanted[0] === '*' ? '*' : wanted.filter(Boolean),
    archived: given.has('archived'),
    axis: oneOf(axes, given.get('x')),
    logX: given.has('logx'),
    logY: given.has('logy'),
    smoothing: smoothing >= 0 && smoothing < 1 ? smoothing : 0,
    zoom: zoom?.length === 2 && zoom.every(Number.isFinite) ? [zoom[0]!, zoom[1]!] : null,
    metrics: given.get('metrics') ?? '',
  }
}

export function viewText(state: ViewState): string {
  const text = new URLSearchParams()
  const put = (name: string, value: string | boolean | null): void => {
    if (value !== null && value !== '' && value !== false) text.append(name, value === true ? '1' : value)
  }
  put('run', state.run)
  put('compare', state.compare)
  put('filter', state.filter)
  put('sort', state.sort)
  put('group', state.group)
  put('bands', state.bands)
  put('hide', state.hidden)
  if (state.columns)
    for (const column of state.columns.length > 0 ? state.columns : ['']) text.append('column', column)
  if (state.statistic !== start.statistic) put('value', state.statistic)
  if (state.show === '*') put('show', '*')
  else if (state.show) for (const run of state.show.length > 0 ? state.show : ['']) text.append('show', run)
  put('archived', state.archived)
  if (state.axis !== start.axis) put('x', state.axis)
  put('logx', state.logX)
  put('logy', state.logY)
  if (state.smoothing > 0) put('smooth', String(state.smoothing))
  if (state.zoom) put('zoom', state.zoom.join('~'))
  put('metrics', state.metrics)
  return text.toString()
}

function oneOf<T extends string>(all: readonly T[], value: string | null): T {
  return all.find((one) => one === value) ?? all[0]!
}
