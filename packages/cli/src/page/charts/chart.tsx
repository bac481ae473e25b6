import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Line } from '../../viewer/protocol.ts'
import { rows, source } from '../data/runs.ts'
import { countText, numberText } from '../format.ts'
import { theme } from '../state/theme.ts'
import { show, view } from '../state/view-state.ts'
import { LineChart, type Nearby } from './line-chart.ts'

const axisNames = { step: 'step', epoch: 'epoch', time: 'seconds since the start', row: 'row' } as const

/** So many points of all lines together are sent at most, but never fewer than this a line. */
const mostPoints = 400_000
const leastBuckets = 150

/** The lines of so many runs are asked for at once. */
const runsAtOnce = 100

/** A metric of runs over steps. */
export function Chart({ metric, runs }: { metric: string; runs: readonly string[] }) {
  const frame = useRef<HTMLElement>(null)
  const plot = useRef<HTMLDivElement>(null)
  const chart = useRef<LineChart>(null)
  const isVisible = useSignal(false)
  const lines = useSignal<readonly Line[] | null>(null)
  const isWhole = useSignal(false)
  const error = useSignal('')
  const nearby = useSignal<{ found: readonly Nearby[]; left: number }>({ found: [], left: 0 })
  const loader = useRef<Loader>(null)
  const { axis, logX, logY, smoothing, zoom } = view.value
  const mode = theme()

  useEffect(() => {
    const made = new LineChart(plot.current!, {
      zoom: (range) => show({ zoom: range }),
      hover: (found, left) => (nearby.value = { found, left }),
    })
    chart.current = made
    const size = new ResizeObserver(() => made.resize())
    size.observe(plot.current!)
    const sight = new IntersectionObserver(([entry]) => (isVisible.value = entry!.isIntersecting), {
      rootMargin: '200px',
    })
    sight.observe(frame.current!)
    return () => {
      size.disconnect()
      sight.disconnect()
      made.destroy()
    }
  }, [])

  // How many points there are tells whether there are new ones.
  const counts = runs.map((run) => rows.value.get(run)?.metrics[metric]?.[3] ?? 0).join()
  useEffect(() => {
    if (!isVisible.value) return
    const width = Math.max(plot.current!.clientWidth, 200) * devicePixelRatio
    const buckets = Math.round(
      Math.max(leastBuckets, Math.min(width, mostPoints / 2 / Math.max(1, runs.length))),
    )
    loader.current ??= new Loader()
    loader.current.load(async (isStale) => {
      const range = zoom ? { from: zoom[0], to: zoom[1] } : {}
      const request = { metric, axis, buckets, logX, smoothing, ...range }
      const gathered: Line[] = []
      isWhole.value = false
      try {
        for (let i = 0; i < runs.length && !isStale(); i += runsAtOnce) {
          const part = runs.slice(i, i + runsAtOnce)
          gathered.push(...(await source.peek().lines({ runs: part, ...request })))
          // Of many runs those are drawn that are there, each time twice as many, but never fewer than there were.
          const isLast = i + runsAtOnce >= runs.length
          if (isLast || gathered.length >= 2 * (lines.value?.length ?? 0)) lines.value = [...gathered]
        }
        if (runs.length === 0) lines.value = []
        isWhole.value = !isStale()
        error.value = ''
      } catch (problem) {
        error.value = problem instanceof Error ? problem.message : String(problem)
      }
    })
  }, [isVisible.value, metric, runs.join('\n'), counts, axis, logX, smoothing, zoom?.join()])

  const found = lines.value
  const drawnAxis = found && found.length > 0 && found.every((line) => line.axis === 'row') ? 'row' : axis
  useEffect(() => {
    if (found)
      chart.current!.draw({ lines: found, logX, logY, zoom, theme: mode, axisName: axisNames[drawnAxis] })
  }, [found, logX, logY, zoom, mode, drawnAxis])

  const { found: under, left } = nearby.value
  return (
    <figure
      class="chart"
      ref={frame}
      data-ready={found !== null}
      data-whole={isWhole.value}
      data-metric={metric}
    >
      <figcaption>
        <h3>{metric}</h3>
        <span class="quiet">{found && pointsText(found)}</span>
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
      <p class={error.value ? 'error' : 'summary'}>{error.value || (found && summaryOf(found, drawnAxis))}</p>
    </figure>
  )
}

type Task = (isStale: () => boolean) => Promise<void>

/** Lets one task be on its way at a time, and the last one that was wanted follow it. */
class Loader {
  #next: Task | undefined
  #isBusy = false

  load(task: Task): void {
    this.#next = task
    if (!this.#isBusy) void this.#run()
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    while (this.#next) {
      const task = this.#next
      this.#next = undefined
      await task(() => this.#next !== undefined)
    }
    this.#isBusy = false
  }
}

function pointsText(lines: readonly Line[]): string {
  const drawn = lines.reduce((sum, { x }) => sum + x.length, 0)
  const total = lines.reduce((sum, line) => sum + line.total, 0)
  if (total <= drawn) return countText(total, 'point')
  return `${drawn.toLocaleString('en')} of ${countText(total, 'point')}, least and greatest kept`
}

/** Says in words what the lines show. */
function summaryOf(lines: readonly Line[], axis: string): string {
  let least: { run: string; x: number; y: number } | undefined
  let greatest: typeof least
  let notFinite = 0
  for (const { run, x, y, notFinite: bad } of lines) {
    notFinite += bad
    for (let i = 0; i < y.length; i++) {
      if (!Number.isFinite(y[i]!)) continue
      if (!least || y[i]! < least.y) least = { run, x: x[i]!, y: y[i]! }
      if (!greatest || y[i]! > greatest.y) greatest = { run, x: x[i]!, y: y[i]! }
    }
  }
  if (!least || !greatest) return lines.length === 0 ? 'No run that is shown has it.' : 'No finite value.'
  const text = (at: typeof least): string =>
    `${numberText(at.y)} (run ${at.run}, ${axis === 'time' ? 'second' : axis} ${numberText(at.x)})`
  const last = lines.length === 1 ? `last ${numberText(lines[0]!.y.at(-1)!)}, ` : ''
  const others = axis === 'row' ? [] : lines.filter((line) => line.axis === 'row').map(({ run }) => run)
  const rest =
    others.length > 0 ? `; without ${axis}, so drawn over rows: ${others.slice(0, 5).join(', ')}` : ''
  const bad = notFinite > 0 ? `, ${countText(notFinite, 'value')} not finite` : ''
  return `${countText(lines.length, 'run')}: ${last}least ${text(least)}, greatest ${text(greatest)}${bad}${rest}`
}
