import { useEffect, useRef, useState } from 'preact/hooks'
import {
  configFields,
  columns,
  filterError,
  listed,
  metricNames,
  problems,
  rows,
  shown,
  source,
} from '../data/runs.ts'
import { countText, wholeText } from '../format.ts'
import { show, type Statistic, view } from '../state/view-state.ts'
import { GroupBy } from './group-by.tsx'

/** What is above the table: the filter, how the rows are grouped, which columns there are. */
export function Toolbar() {
  const { statistic, archived } = view.value
  const unread = [...rows.value.values()].filter((row) => !row.isWhole).length
  const isAnyArchived = [...rows.value.values()].some((row) => row.archived)
  return (
    <div class="toolbar">
      <FilterBox />
      <div class="controls">
        <span role="status">
          {countText(listed.value.length, 'run')}
          {listed.value.length < rows.value.size && ` of ${wholeText(rows.value.size)}`},{' '}
          {wholeText(shown.value.length)} in the charts
          {unread > 0 && `; reading the metrics of ${countText(unread, 'run')}`}
        </span>
        <button type="button" onClick={() => show({ show: '*' })}>
          show all
        </button>
        <button type="button" onClick={() => show({ show: [] })}>
          none
        </button>
        <GroupBy />
        <label>
          metrics{' '}
          <select
            value={statistic}
            onChange={(event) => show({ statistic: event.currentTarget.value as Statistic })}
          >
            <option value="last">last</option>
            <option value="min">least</option>
            <option value="max">greatest</option>
          </select>
        </label>
        {isAnyArchived && (
          <label>
            <input type="checkbox" checked={archived} onChange={() => show({ archived: !archived })} />{' '}
            archived
          </label>
        )}
        <ColumnChooser />
        <Problems />
      </div>
    </div>
  )
}

function FilterBox() {
  const { filter } = view.value
  const [text, setText] = useState(filter)
  const timer = useRef(0)
  useEffect(() => setText(filter), [filter])
  const error = filterError.value
  const fields = [...configFields.value.varying, ...configFields.value.same, ...metricNames.value]
  return (
    <div class="filter">
      <input
        id="filter"
        type="search"
        list="fields"
        value={text}
        placeholder={
          source.value.isLive
            ? 'filter: config.lr <= 1e-2 and train.loss.min < 0.1'
            : 'filter: words of the config, tags or notes'
        }
        aria-label="filter"
        aria-invalid={error !== null}
        aria-describedby="filter-error"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          const { value } = event.currentTarget
          setText(value)
          clearTimeout(timer.current)
          timer.current = window.setTimeout(() => show({ filter: value }), 150)
        }}
      />
      <datalist id="fields">
        {fields.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <p id="filter-error" class="error" role="alert">
        {error && `${error.error}: ${text.slice(0, error.position)}▸${text.slice(error.position)}`}
      </p>
    </div>
  )
}

function ColumnChooser() {
  const { varying, same } = configFields.value
  const chosen = new Set(columns.value)
  const all = [...varying, ...metricNames.value, ...same]
  const toggle = (name: string): void =>
    show({ columns: all.filter((one) => (one === name ? !chosen.has(one) : chosen.has(one))) })
  return (
    <details class="menu">
      <summary>columns</summary>
      <div>
        <button type="button" onClick={() => show({ columns: null })}>
          those that differ
        </button>
        {all.map((name) => (
          <label key={name}>
            <input type="checkbox" checked={chosen.has(name)} onChange={() => toggle(name)} /> {name}
          </label>
        ))}
      </div>
    </details>
  )
}

/** What could not be read must not look as if it were not there. */
function Problems() {
  const all = problems.value
  if (all.length === 0) return null
  return (
    <details class="menu problems">
      <summary>{countText(all.length, 'problem')}</summary>
      <ul>
        {all.slice(0, 100).map(({ path, reason }) => (
          <li key={path + reason}>
            <code>{path}</code>: {reason}
          </li>
        ))}
      </ul>
    </details>
  )
}
