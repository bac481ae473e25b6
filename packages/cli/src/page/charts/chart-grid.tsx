import { useComputed } from '@preact/signals'
import type { LineGroup } from '../../viewer/protocol.ts'
import { areGrouped, compareValues, groupOf, groupValueOf, metricNames, rows } from '../data/runs.ts'
import { theme } from '../state/theme.ts'
import { view } from '../state/view-state.ts'
import { Chart } from './chart.tsx'
import { ChartControls } from './chart-controls.tsx'
import { groupStyles, runStyles } from './line-style.ts'
import { Swatch } from './swatch.tsx'

/** A chart for each metric that some of the runs have. */
export function ChartGrid({ runs, canGroup = false }: { runs: readonly string[]; canGroup?: boolean }) {
  const metricsThere = useComputed(() => metricNames.value)
  const { metrics } = view.value
  const wanted = metrics.toLowerCase()
  const there = metricsThere.value.filter(
    (name) => name.toLowerCase().includes(wanted) && runs.some((run) => rows.value.get(run)?.metrics[name]),
  )
  const groups = canGroup && areGrouped.value ? groupsOf(runs) : undefined
  const names = groups?.map(({ name }) => name)
  const styles = names ? groupStyles(names, theme()) : runStyles(runs, theme())
  return (
    <section class="charts" aria-label="Charts">
      {canGroup && <h2 class="hidden">Charts</h2>}
      <ChartControls canGroup={canGroup} />
      {names && (
        <ul class="legend" aria-label="Groups">
          {names.map((name) => (
            <li key={name}>
              <Swatch style={styles(name)} /> {name}
            </li>
          ))}
        </ul>
      )}
      <div class="grid">
        {there.map((metric) => (
          <Chart key={metric} metric={metric} runs={runs} groups={groups} styles={styles} />
        ))}
      </div>
      {there.length === 0 && <p class="quiet">No metric of the runs that are shown.</p>}
    </section>
  )
}

/** Puts the runs together that are in the same group of the table; in an order that no sorting of the table changes, so that each keeps its colour. */
function groupsOf(runs: readonly string[]): LineGroup[] {
  const found = runs.map((id) => rows.value.get(id)).filter((row) => row !== undefined)
  return Array.from(Map.groupBy(found, groupOf), ([name, members]) => ({ name, members }))
    .toSorted((a, b) => compareValues(groupValueOf(a.members[0]!), groupValueOf(b.members[0]!)))
    .map(({ name, members }) => ({ name, runs: members.map(({ id }) => id) }))
}
