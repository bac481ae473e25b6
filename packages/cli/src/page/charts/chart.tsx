import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { LineGroup } from '../../viewer/protocol.ts'
import { numberText } from '../format.ts'
import { theme } from '../state/theme.ts'
import { show, view } from '../state/view-state.ts'
import { pointsText, summaryOf } from './chart-text.ts'
import { LineChart, type Nearby } from './line-chart.ts'
import { SaveMenu } from './save-menu.tsx'
import { useLines } from './use-lines.ts'

const axisNames = { step: 'step', epoch: 'epoch', time: 'seconds since the start', row: 'row' } as const

export interface ChartProps {
  readonly metric: string
  readonly runs: readonly string[]
  /** A line for each of these, the mean of its runs, and not for each run. */
  readonly groups?: readonly LineGroup[] | undefined
}

/** A metric of runs over steps. */
export function Chart({ metric, runs, groups }: ChartProps) {
  const frame = useRef<HTMLElement>(null)
  const plot = useRef<HTMLDivElement>(null)
  const chart = useRef<LineChart>(null)
  const width = useSignal(0)
  const nearby = useSignal<{ found: readonly Nearby[]; left: number }>({ found: [], left: 0 })
  const { axis, logX, logY, zoom } = view.value
  const mode = theme()

  useEffect(() => {
    const made = new LineChart(plot.current!, {
      zoom: (range) => show({ zoom: range }),
      hover: (found, left) => (nearby.value = { found, left }),
    })
    chart.current = made
    const size = new ResizeObserver(() => made.resize())
    size.observe(plot.current!)
    const look = ([entry]: IntersectionObserverEntry[]): void => {
      const { clientWidth } = plot.current!
      width.value = entry!.isIntersecting ? Math.max(clientWidth, 200) * devicePixelRatio : 0
    }
    const sight = new IntersectionObserver(look, { rootMargin: '200px' })
    sight.observe(frame.current!)
    return () => {
      size.disconnect()
      sight.disconnect()
      made.destroy()
    }
  }, [])

  const { lines, isWhole, error } = useLines({ metric, runs, groups, width: width.value })
  const drawnAxis = lines && lines.length > 0 && lines.every((line) => line.axis === 'row') ? 'row' : axis
  useEffect(() => {
    if (lines)
      void chart.current!.draw({ lines, logX, logY, zoom, theme: mode, axisName: axisNames[drawnAxis] })
  }, [lines, logX, logY, zoom, mode, drawnAxis])

  const { found: under, left } = nearby.value
  // Not at each move of the mouse.
  const points = useMemo(() => lines && pointsText(lines), [lines])
  const summary = useMemo(() => lines && summaryOf(lines, drawnAxis), [lines, drawnAxis])
  return (
    <figure class="chart" ref={frame} data-ready={lines !== null} data-whole={isWhole} data-metric={metric}>
      <figcaption>
        <h3>{metric}</h3>
        <span class="quiet">{points}</span>
        {lines && lines.length > 0 && (
          <SaveMenu
            metric={metric}
            lines={lines}
            axis={drawnAxis}
            picture={() => chart.current!.picture(metric)}
          />
        )}
      </figcaption>
      <div class="plot" ref={plot} aria-hidden="true" />
      {under.length > 0 && (
        <div class={left > 250 ? 'nearby left' : 'nearby'} aria-hidden="true">
          {under.map(({ run, style, x, y }) => (
            <div key={run}>
              <span class="swatch" style={{ background: style.colour }} /> {run}: {numberText(y)}{' '}
              <span class="quiet">at {numberText(x)}</span>
            </div>
          ))}
        </div>
      )}
      <p class={error ? 'error' : 'summary'}>{error || summary}</p>
    </figure>
  )
}
