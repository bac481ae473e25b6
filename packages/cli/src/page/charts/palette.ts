export type Theme = 'light' | 'dark'

/** The colours of what is around the lines of a chart. */
export interface Palette {
  readonly ground: string
  readonly ink: string
  /** Of labels. */
  readonly quiet: string
  readonly grid: string
}

export const palettes: Readonly<Record<Theme, Palette>> = {
  light: { ground: '#ffffff', ink: '#1f2328', quiet: '#57606a', grid: '#e4e8ec' },
  dark: { ground: '#0d1117', ink: '#e6edf3', quiet: '#9aa4af', grid: '#2b3138' },
}
