import { useSignal } from '@preact/signals'
import { numberOf, type RunRow } from '../../viewer/protocol.ts'
import { ChartGrid } from '../charts/chart-grid.tsx'
import { rows, shown } from '../data/runs.ts'
import { durationText, numberText, timeText, valueText } from '../format.ts'
import { show } from '../state/view-state.ts'
import { Status } from './status.tsx'

/** More than these fit on no page. */
const mostRuns = 20

/** The runs that are shown, side by side: in what they differ, and what they came to. */
export function CompareView() {
  const onlyDifferent = useSignal(true)
  const runs = shown.value
    .slice(0, mostRuns)
    .map((id) => rows.value.get(id))
    .filter((row) => row !== undefined)
  const fields = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))]
  const differs = (name: string): boolean =>
    runs.some(({ config }) => JSON.stringify(config[name]) !== JSON.stringify(runs[0]!.config[name]))
  const chosen = onlyDifferent.value ? fields.filter(differs) : fields
  const metrics = [...new Set(runs.flatMap((row) => Object.keys(row.metrics)))]
  return (
    <main class="single">
      <p>
        <button type="button" onClick={() => show({ compare: false })}>
          ← all runs
        </button>
      </p>
      <h2>Comparing {runs.length} runs</h2>
      <label>
        <input
          type="checkbox"
          checked={onlyDifferent.value}
          onChange={() => (onlyDifferent.value = !onlyDifferent.value)}
        />{' '}
        only what differs
      </label>
      {/* It scrolls, so the keyboard has to get there. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div class="scroll" tabIndex={0} role="region" aria-label="Comparison">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">run</th>
              {runs.map(({ id }) => (
                <th scope="col" key={id}>
                  <a href={`#run=${encodeURIComponent(id)}`}>{id}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Line name="status" runs={runs} value={({ status }) => <Status status={status} />} />
            <Line name="started" runs={runs} value={({ startedAt }) => timeText(startedAt)} />
            <Line name="duration" runs={runs} value={({ duration }) => durationText(duration)} />
            {chosen.map((name) => (
              <Line key={name} name={name} runs={runs} value={({ config }) => valueText(config[name])} />
            ))}
            {metrics.map((name) => (
              <Line key={name} name={name} runs={runs} value={(row) => metricText(row, name)} />
            ))}
          </tbody>
        </table>
      </div>
      {metrics.length > 0 && (
        <p class="quiet">Of metrics the last value, and in brackets the least and the greatest.</p>
      )}
      <ChartGrid runs={runs.map(({ id }) => id)} />
    </main>
  )
}

function Line({
  name,
  runs,
  value,
}: {
  name: string
  runs: readonly RunRow[]
  value: (row: RunRow) => preact.ComponentChildren
}) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {runs.map((row) => (
        <td key={row.id}>{value(row)}</td>
      ))}
    </tr>
  )
}

function metricText({ metrics }: RunRow, name: string): string {
  const numbers = metrics[name]
  if (!numbers) return ''
  const [last, min, max] = numbers.slice(0, 3).map((number) => numberText(numberOf(number)))
  return `${last!} (${min!} … ${max!})`
}
