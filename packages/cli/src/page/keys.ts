import { signal } from '@preact/signals'
import { axes } from '../viewer/protocol.ts'
import { groupFields, toggleShown } from './data/runs.ts'
import { switchTheme } from './state/theme.ts'
import { goBack, show, view } from './state/view-state.ts'
import { current, moveCurrent } from './views/runs-table.tsx'

export const isHelpOpen = signal(false)

/** What the keys do, for the help and for the keyboard. */
export const keys: readonly (readonly [key: string, does: string, action: () => void])[] = [
  ['/', 'filter', () => document.querySelector<HTMLInputElement>('#filter')?.focus()],
  ['j', 'next run', () => moveCurrent(1)],
  ['k', 'run before', () => moveCurrent(-1)],
  [' ', 'shows or hides the run in the charts', toggleCurrent],
  // Where a box has the focus, space is its own.
  ['x', 'the same, whatever has the focus', toggleCurrent],
  ['Enter', 'opens the run', () => current.value !== null && show({ run: current.value }, { isNew: true })],
  [
    'a',
    'step, epoch or time',
    () => show({ axis: axes[(axes.indexOf(view.value.axis) + 1) % axes.length]!, zoom: null }),
  ],
  ['l', 'logarithmic horizontal axis', () => show({ logX: !view.value.logX })],
  ['y', 'logarithmic vertical axis', () => show({ logY: !view.value.logY })],
  ['s', 'smoothing: none, 0.6, 0.9, 0.99', () => show({ smoothing: nextSmoothing() })],
  ['g', 'groups the runs by the next field', () => show({ group: nextGroup() })],
  ['b', 'mean and deviation of each group', () => show({ bands: !view.value.bands })],
  ['e', 'saves the chart under the mouse, or the first', openSave],
  ['[', 'hides or shows the table', () => show({ hidden: view.value.hidden === 'runs' ? '' : 'runs' })],
  [']', 'hides or shows the charts', () => show({ hidden: view.value.hidden === 'charts' ? '' : 'charts' })],
  ['r', 'the whole range', () => show({ zoom: null })],
  [
    'c',
    'compares the runs in the charts',
    () => show({ compare: !view.value.compare, run: null }, { isNew: true }),
  ],
  ['t', 'light or dark', switchTheme],
  ['?', 'this help', () => (isHelpOpen.value = !isHelpOpen.value)],
  ['Escape', 'back', leave],
]

const actions = new Map(keys.map(([key, , action]) => [key, action]))

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const target = event.target as HTMLElement
    const isTyping = target.matches('input:not([type=checkbox], [type=range]), select, textarea')
    if (isTyping) {
      if (event.key === 'Escape' || (event.key === 'Enter' && target.id === 'filter')) target.blur()
      return
    }
    // What has the focus does what its own key says.
    if ((event.key === ' ' || event.key === 'Enter') && target.matches('button, a, summary, input')) return
    const action = actions.get(event.key)
    if (!action) return
    event.preventDefault()
    action()
  })
}

function toggleCurrent(): void {
  if (current.value !== null) toggleShown(current.value)
}

function nextSmoothing(): number {
  const all = [0, 0.6, 0.9, 0.99]
  return all.find((weight) => weight > view.value.smoothing) ?? 0
}

function nextGroup(): string {
  const all = ['', ...groupFields.value]
  return all[(all.indexOf(view.value.group) + 1) % all.length]!
}

function openSave(): void {
  const menu = ['.chart:hover', '.chart:focus-within', '.chart']
    .map((chart) => document.querySelector<HTMLDetailsElement>(`${chart} details.menu`))
    .find(Boolean)
  if (!menu) return
  menu.open = !menu.open
  menu.querySelector('button')?.focus()
}

function leave(): void {
  if (isHelpOpen.value) isHelpOpen.value = false
  else goBack()
}
