import type { LineStyle } from './line-style.ts'

/** What the line of a run or a group looks like. */
export function Swatch({ style: { colour, dash } }: { style: LineStyle }) {
  return (
    <svg class="swatch" width="22" height="4" aria-hidden="true">
      <path d="M0 2h22" stroke={colour} stroke-width="2" stroke-dasharray={dash.join(' ')} />
    </svg>
  )
}
