import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Line, LineGroup, LinesRequest } from '../../viewer/protocol.ts'
import { rows, source } from '../data/runs.ts'
import { messageOf } from '../format.ts'
import { view } from '../state/view-state.ts'
import { Loader } from './loader.ts'

/** So many points of all lines together are drawn at most, but never fewer than this a line: among a thousand lines nobody sees more. */
const mostPoints = 160_000
const leastBuckets = 60

/** How often lines that come one after the other are drawn, in milliseconds. */
const pause = 500

/** What is to be drawn in a chart. */
export interface Wanted {
  readonly metric: string
  readonly runs: readonly string[]
  /** A line for each of these, and not for each run. */
  readonly groups?: readonly LineGroup[] | undefined
  /** In pixels of the screen; 0 as long as the chart is out of sight. */
  readonly width: number
}

/** The lines of a chart, which are asked for again when something of what is wanted changes, or the runs have new points. */
export function useLines({ metric, runs, groups, width }: Wanted): {
  readonly lines: readonly Line[] | null
  readonly isWhole: boolean
  readonly error: string
} {
  const lines = useSignal<readonly Line[] | null>(null)
  const isWhole = useSignal(false)
  const error = useSignal('')
  const loader = useRef<Loader>(null)
  const { axis, logX, smoothing, zoom } = view.value
  const count = groups?.length ?? runs.length
  const request: LinesRequest = {
    runs: groups ? [] : runs,
    ...(groups && { groups }),
    metric,
    axis,
    buckets: Math.round(Math.max(leastBuckets, Math.min(width, mostPoints / 2 / Math.max(1, count)))),
    logX,
    smoothing,
    ...(zoom && { from: zoom[0], to: zoom[1] }),
  }
  const what = JSON.stringify(request)
  // How many points there are tells whether there are new ones.
  const counts = runs.map((run) => rows.value.get(run)?.metrics[metric]?.[3] ?? 0).join()

  const load = async (signal: AbortSignal): Promise<void> => {
    const gathered: Line[] = []
    let drawn = performance.now()
    const take = (part: readonly Line[]): void => {
      gathered.push(...part)
      // Never fewer than there were.
      if (performance.now() - drawn < pause || gathered.length < (lines.value?.length ?? 0)) return
      lines.value = [...gathered]
      drawn = performance.now()
    }
    isWhole.value = false
    try {
      await source.peek().lines(request, take, signal)
      lines.value = gathered
      isWhole.value = true
      error.value = ''
    } catch (problem) {
      if (!signal.aborted) error.value = messageOf(problem)
    }
  }
  useEffect(() => {
    if (width === 0) return
    loader.current ??= new Loader()
    loader.current.load(what, load)
  }, [width > 0, what, counts])
  useEffect(() => () => loader.current?.close(), [])
  return { lines: lines.value, isWhole: isWhole.value, error: error.value }
}
