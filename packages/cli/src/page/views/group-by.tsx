import { groupFields } from '../data/runs.ts'
import { show, view } from '../state/view-state.ts'

/** Chooses what runs are grouped by. */
export function GroupBy() {
  return (
    <label>
      group by{' '}
      <select value={view.value.group} onChange={(event) => show({ group: event.currentTarget.value })}>
        <option value="">nothing</option>
        {groupFields.value.map((name) => (
          <option key={name} value={name}>
            {name.replace(/^config\./, '')}
          </option>
        ))}
      </select>
    </label>
  )
}
