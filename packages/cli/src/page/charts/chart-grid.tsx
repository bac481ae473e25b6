import { useComputed } from '@preact/signals'
import type { LineGroup } from '../../viewer/protocol.ts'
import { groupOf, metricNames, rows } from '../data/runs.ts'
import { view } from '../state/view-state.ts'
import { Chart } from './chart.tsx'
import { ChartControls } from './chart-controls.tsx'

/** A chart for each metric that some of the runs have. */
export function ChartGrid({ runs, canGroup = false }: { runs: readonly string[]; canGroup?: boolean }) {
  const names = useComputed(() => metricNames.value)
  const { metrics, group, bands } = view.value
  const wanted = metrics.toLowerCase()
  const there = names.value.filter(
    (name) => name.toLowerCase().includes(wanted) && runs.some((run) => rows.value.get(run)?.metrics[name]),
  )
  const groups = canGroup && bands && group !== '' ? groupsOf(runs) : undefined
  return (
    <section class="charts" aria-label="Charts">
      {canGroup && <h2 class="hidden">Charts</h2>}
      <ChartControls canGroup={canGroup} />
      <div class="grid">
        {there.map((metric) => (
          <Chart key={metric} metric={metric} runs={runs} groups={groups} />
        ))}
      </div>
      {there.length === 0 && <p class="quiet">No metric of the runs that are shown.</p>}
    </section>
  )
}

/** Puts the runs together that are in the same group of the table. */
function groupsOf(runs: readonly string[]): LineGroup[] {
  const found = runs.map((id) => rows.value.get(id)).filter((row) => row !== undefined)
  return Array.from(Map.groupBy(found, groupOf), ([name, members]) => ({
    name,
    runs: members.map(({ id }) => id),
  }))
}
