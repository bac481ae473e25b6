import { effect, signal } from '@preact/signals'
import type { Theme } from '../charts/palette.ts'

const system = matchMedia('(prefers-color-scheme: dark)')
const name = 'trainyard-theme'

/** The one that was chosen; without one, that of the system. */
const chosen = signal<Theme | null>(remembered())
const systemTheme = signal<Theme>(system.matches ? 'dark' : 'light')
system.addEventListener('change', () => (systemTheme.value = system.matches ? 'dark' : 'light'))

export function theme(): Theme {
  return chosen.value ?? systemTheme.value
}

export function switchTheme(): void {
  chosen.value = theme() === 'dark' ? 'light' : 'dark'
  try {
    localStorage.setItem(name, chosen.value)
  } catch {
    // A page from a file may have none.
  }
}

effect(() => {
  document.documentElement.dataset['theme'] = theme()
})

function remembered(): Theme | null {
  try {
    const value = localStorage.getItem(name)
    return value === 'light' || value === 'dark' ? value : null
  } catch {
    return null
  }
}
