import { useComputed } from '@preact/signals'
import { metricNames, rows } from '../data/runs.ts'
import { view } from '../state/view-state.ts'
import { Chart } from './chart.tsx'
import { ChartControls } from './chart-controls.tsx'

/** A chart for each metric that some of the runs have. */
export function ChartGrid({ runs }: { runs: readonly string[] }) {
  const names = useComputed(() => metricNames.value)
  const wanted = view.value.metrics.toLowerCase()
  const there = names.value.filter(
    (name) => name.toLowerCase().includes(wanted) && runs.some((run) => rows.value.get(run)?.metrics[name]),
  )
  return (
    <section class="charts" aria-label="Charts">
      <ChartControls />
      <div class="grid">
        {there.map((metric) => (
          <Chart key={metric} metric={metric} runs={runs} />
        ))}
      </div>
      {there.length === 0 && <p class="quiet">No metric of the runs that are shown.</p>}
    </section>
  )
}
