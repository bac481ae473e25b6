import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { LineGroup } from '../../viewer/protocol.ts'
import { numberText } from '../format.ts'
import { theme } from '../state/theme.ts'
import { show, view } from '../state/view-state.ts'
import { axisOf } from './chart-content.ts'
import { pointsText, summaryOf } from './chart-text.ts'
import { LineChart, type Nearby } from './line-chart.ts'
import type { Styles } from './line-style.ts'
import { SaveMenu } from './save-menu.tsx'
import { Swatch } from './swatch.tsx'
import { useLines } from './use-lines.ts'

const axisNames = { step: 'step', epoch: 'epoch', time: 'seconds since the start', row: 'row' } as const

export interface ChartProps {
  readonly metric: string
  readonly runs: readonly string[]
  /** A line for each of these, the mean of its runs, and not for each run. */
  readonly groups?: readonly LineGroup[] | undefined
  readonly styles: Styles
}

/** A metric of runs over steps. */
export function Chart({ metric, runs, groups, styles }: ChartProps) {
  const frame = useRef<HTMLElement>(null)
  const plot = useRef<HTMLDivElement>(null)
  const chart = useRef<LineChart>(null)
  const width = useSignal(0)
  const nearby = useSignal<{ found: readonly Nearby[]; left: number }>({ found: [], left: 0 })
  const { axis, logX, logY, zoom } = view.value
  const mode = theme()

  useEffect(() => {
    // What is seen of a chart may be told when it has left the page.
    const element = plot.current!
    const made = new LineChart(element, {
      zoom: (range) => show({ zoom: range }),
      hover: (found, left) => (nearby.value = { found, left }),
    })
    chart.current = made
    const size = new ResizeObserver(() => made.resize())
    size.observe(element)
    const look = ([entry]: IntersectionObserverEntry[]): void => {
      width.value = entry!.isIntersecting ? Math.max(element.clientWidth, 200) * devicePixelRatio : 0
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
  // Of lines that are still there while those over another axis are on their way.
  const drawnAxis = axisOf(lines ?? [], axis)
  useEffect(() => {
    if (lines)
      void chart.current!.draw({
        lines,
        styles,
        logX,
        logY,
        zoom,
        theme: mode,
        axisName: axisNames[drawnAxis],
      })
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
            runs={runs}
            groups={groups}
            lines={lines}
            axis={drawnAxis}
            picture={() => chart.current!.picture(metric)}
            drawing={() => chart.current!.drawing(metric)}
          />
        )}
      </figcaption>
      <div class="plot" ref={plot} aria-hidden="true" />
      {under.length > 0 && (
        <div class={left > 250 ? 'nearby left' : 'nearby'} aria-hidden="true">
          {under.map(({ run, style, x, y }) => (
            <div key={run}>
              <Swatch style={style} /> {run}: {numberText(y)} <span class="quiet">at {numberText(x)}</span>
            </div>
          ))}
        </div>
      )}
      <p class={error ? 'error' : 'summary'}>{error || summary}</p>
    </figure>
  )
}
