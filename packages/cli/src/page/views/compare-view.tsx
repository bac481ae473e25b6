import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { numberOf, type RunRow } from '../../viewer/protocol.ts'
import { ChartGrid } from '../charts/chart-grid.tsx'
import { runStyles } from '../charts/line-style.ts'
import { Swatch } from '../charts/swatch.tsx'
import { areGrouped, failure, rows, shown, source } from '../data/runs.ts'
import { countText, durationText, messageOf, numberText, timeText, valueText } from '../format.ts'
import { theme } from '../state/theme.ts'
import { aboutOf } from './about.ts'
import { BackButton } from './back-button.tsx'
import { GroupBy } from './group-by.tsx'
import { RunLink } from './run-link.tsx'
import { Status } from './status.tsx'

/** More columns than these fit on no page. */
const mostColumns = 20

/** The runs that are shown, side by side: in what they differ, and what they came to. */
export function CompareView() {
  const onlyDifferent = useSignal(true)
  const all = shown.value.map((id) => rows.value.get(id)).filter((row) => row !== undefined)
  const ids = all.map(({ id }) => id)
  const styles = runStyles(ids, theme())
  const runs = all.slice(0, mostColumns)
  const about = useAbout(runs.map(({ id }) => id))
  const fields = [
    ...fieldsOf(runs, ({ id }) => about[id] ?? {}),
    ...fieldsOf(runs, ({ config }) => config),
  ].filter(({ differs }) => differs || !onlyDifferent.value)
  const metrics = [...new Set(runs.flatMap((row) => Object.keys(row.metrics)))]
  return (
    <main class="single">
      <BackButton />
      <h2>Comparing {countText(all.length, 'run')}</h2>
      <div class="controls">
        <label>
          <input
            type="checkbox"
            checked={onlyDifferent.value}
            onChange={() => (onlyDifferent.value = !onlyDifferent.value)}
          />{' '}
          only what differs
        </label>
        <GroupBy />
        {runs.length < all.length && <span>The table has the first {runs.length}, the charts all.</span>}
      </div>
      {/* It scrolls, so the keyboard has to get there. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div class="scroll" tabIndex={0} role="region" aria-label="Comparison">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">run</th>
              {runs.map(({ id }) => (
                <th scope="col" key={id}>
                  <RunLink id={id} /> {!areGrouped.value && <Swatch style={styles(id)} />}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Line name="status" runs={runs} value={({ status }) => <Status status={status} />} />
            <Line name="started" runs={runs} value={({ startedAt }) => timeText(startedAt)} />
            <Line name="duration" runs={runs} value={({ duration }) => durationText(duration)} />
            {fields.map(({ name, value }) => (
              <Line key={name} name={name} runs={runs} value={(row) => valueText(value(row))} />
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
      <ChartGrid runs={ids} canGroup />
    </main>
  )
}

/** Values by their names. */
type Values = Readonly<Record<string, unknown>>

/** Says which values runs have, and of each whether it is the same for all. */
function fieldsOf(
  runs: readonly RunRow[],
  valuesOf: (row: RunRow) => Values,
): { name: string; differs: boolean; value: (row: RunRow) => unknown }[] {
  const names = new Set(runs.flatMap((row) => Object.keys(valuesOf(row))))
  return Array.from(names, (name) => {
    const value = (row: RunRow): unknown => valuesOf(row)[name]
    return { name, differs: new Set(runs.map((row) => JSON.stringify(value(row)))).size > 1, value }
  })
}

/** Asks what runs were started with. */
function useAbout(ids: readonly string[]): Readonly<Record<string, Values>> {
  const about = useSignal<Readonly<Record<string, Values>>>({})
  useEffect(() => {
    let isWanted = true
    const read = async (): Promise<void> => {
      try {
        const details = await Promise.all(ids.map((id) => source.peek().details(id)))
        const found = details.map(({ row, info }) => [row.id, Object.fromEntries(aboutOf(info))])
        if (isWanted) about.value = Object.fromEntries(found)
      } catch (error) {
        failure.value = messageOf(error)
      }
    }
    void read()
    return () => (isWanted = false)
  }, [ids.join('\n')])
  return about.value
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
